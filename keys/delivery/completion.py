"""The end of a delivery: its token works, or it never does, whatever the token is for."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, select

from keys.base.models import KeyView
from keys.base.policy import DeliveryWay
from keys.changes.change import Change
from keys.delivery.deliveries import DeliveryView, Purpose, get, row
from keys.lifecycle.create import activate_key, cancel_key
from keys.lifecycle.create import expired_pending as expired_keys
from keys.rotation.queries import expired_pending as expired_rotations
from keys.rotation.queries import of_delivery
from keys.rotation.start import cancel_rotation, start_rotation
from storage import AccountSession
from storage.tables import Delivery

# A person who has not come for a token after so long has forgotten it, or never wanted it.
CLAIMED_WITHIN = timedelta(hours=24)
NOT_TAKEN = "nobody took its token within 24 hours"
_INTERRUPTED = "interrupted before its token was delivered"
_NOT_TAKEN_AGAIN = "nobody had taken the new token in time"


def complete(change: Change, delivery_id: str, remove_after: timedelta | None) -> KeyView:
    """Make a token work: it has reached its recipient.

    Args:
        remove_after: how long it may stay where it was delivered; None where it is in no message.

    Raises:
        KeyNotFound: if the account has no such delivery.
        DeliveryExpired: if the token was cancelled, or the key revoked, in the meantime.
    """
    if purpose_of(change.session, delivery_id) is Purpose.NEW:
        return activate_key(change, delivery_id, remove_after)
    return start_rotation(change, delivery_id, remove_after)


def cancel(change: Change, delivery_id: str, reason: str, *, tell: bool) -> DeliveryView:
    """Cancel a token that is still on its way: it never works.

    Nothing happens to a token that works already; what is returned says whether it does.

    Args:
        reason: why, in a few words, for the audit log.
        tell: whether its people are told by messages of their own, because nobody is waiting for
            an answer any more.

    Raises:
        KeyNotFound: if the account has no such delivery.
    """
    if purpose_of(change.session, delivery_id) is Purpose.NEW:
        cancel_key(change, row(change.session, delivery_id).key_id, reason, tell=tell)
    else:
        cancel_rotation(change, delivery_id, reason, tell=tell)
    return get(change.session, delivery_id)


def expired(session: AccountSession, now: datetime) -> dict[str, str]:
    """Return the deliveries that took too long, each with the reason for the audit log."""
    new = session.exec(
        select(Delivery.id, Delivery.method).where(
            Delivery.account_id == session.account_id,
            col(Delivery.key_id).in_(expired_keys(session, now)),
        )
    )
    found = {
        id_: NOT_TAKEN if method == DeliveryWay.REVEAL else _INTERRUPTED for id_, method in new
    }
    return found | dict.fromkeys(expired_rotations(session, now), _NOT_TAKEN_AGAIN)


def purpose_of(session: AccountSession, delivery_id: str) -> Purpose:
    """Return what a token is delivered for."""
    return Purpose.NEW if of_delivery(session, delivery_id) is None else Purpose.ROTATION
