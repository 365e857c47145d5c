"""Updates to an offboarding when a key is rotated.

This follows the event in the same transaction (keys.operations.SUBSCRIBERS), so rotating knows
nothing of offboarding.
"""

from __future__ import annotations

from keys.changes.change import Change
from keys.changes.services import Subscribers
from keys.lifecycle.update import transfer_ownership
from keys.offboarding.queries import is_leaving
from keys.rotation.events import KeyRotated


def on_key_rotated(change: Change, event: KeyRotated) -> None:
    """Make the recipient of the new token the owner if the owner is leaving."""
    if event.key_id is None or event.recipient.kind != "person":
        return
    key, to = change.load(event.key_id), event.recipient.id
    for before in (key.owner, key.backup_owner):
        if before and before != to and is_leaving(change.session, before):
            transfer_ownership(change, key.id, before, to, announce=False)


SUBSCRIBERS: Subscribers = {KeyRotated: [on_key_rotated]}
