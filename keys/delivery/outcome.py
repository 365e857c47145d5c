"""How the delivery of a token ends: completed, and it works; or cancelled, and it never does."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from keys.base.models import KeyView
from keys.changes.change import Change
from keys.lifecycle.create import activate_key, cancel_key
from keys.rotation import rotations
from storage.tables import Delivery


class Purpose(StrEnum):
    """What a token is delivered for.

    Attributes:
        NEW: it makes a new key work.
        ROTATION: it replaces another token of a key.
    """

    NEW = "new"
    ROTATION = "rotation"


def complete(
    change: Change, purpose: Purpose, delivery_id: str, remove_after: timedelta | None
) -> KeyView:
    """Make the token work: it has reached its recipient.

    Args:
        remove_after: how long it may stay where it was delivered; None where nothing has to be
            removed.

    Raises:
        DeliveryExpired: if the delivery was cancelled, or the key revoked, in the meantime.
    """
    if purpose is Purpose.NEW:
        return activate_key(change, delivery_id, remove_after)
    return rotations.start(change, delivery_id, remove_after).key


def cancel(change: Change, purpose: Purpose, delivery_id: str, reason: str, *, tell: bool) -> bool:
    """End the delivery: its token never works.

    Args:
        reason: why, in a few words, for the audit log.
        tell: whether the recipient is told by a message of its own, because nobody is waiting for
            an answer any more.

    Returns:
        False if it had come to its end before.
    """
    if purpose is Purpose.ROTATION:
        return rotations.cancel(change, delivery_id, reason, tell=tell)
    key_id = change.session.get_one(Delivery, delivery_id).key_id
    return cancel_key(change, key_id, reason, tell=tell).changed
