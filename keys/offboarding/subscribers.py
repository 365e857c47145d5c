"""What follows for the keys of people who leave when something happens to a key."""

from __future__ import annotations

from keys.changes.change import Change
from keys.changes.services import Subscribers
from keys.lifecycle.update import transfer_ownership
from keys.offboarding.offboarding import leaves
from keys.rotation.events import KeyRotated


def on_key_rotated(change: Change, event: KeyRotated) -> None:
    """Make the recipient of the new token the owner, where the owner or backup owner leaves."""
    if event.recipient.kind != "person" or event.key_id is None:
        return
    key, to = change.load(event.key_id), event.recipient.id
    for before in (key.owner, key.backup_owner):
        if before and before != to and leaves(change.session, before):
            transfer_ownership(change, key.id, before, to)


SUBSCRIBERS: Subscribers = {KeyRotated: [on_key_rotated]}
