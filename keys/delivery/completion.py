"""Completing or cancelling a delivery, for a new key and for a rotation."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, select

from keys.base.actors import Actor
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

# How long a recipient has to collect a token that is revealed.
CLAIMED_WITHIN = timedelta(hours=24)
# Stored in the audit log, and compared with what is stored there: it is never reworded.
NOT_TAKEN = "nobody took its token within 24 hours"
RECIPIENT_LEFT = "its recipient is not a full member of the workspace"
_INTERRUPTED = "interrupted before its token was delivered"
_NOT_TAKEN_AGAIN = "the new token was not collected in time"


def complete(change: Change, delivery_id: str, remove_after: timedelta | None) -> KeyView:
    """Activate a token that has reached its recipient.

    Args:
        remove_after: how long it may stay in its message; None if it is in none.

    Raises:
        KeyNotFound: if the account has no such delivery.
        DeliveryExpired: if the token was cancelled or the key revoked in the meantime.
    """
    if purpose_of(change.session, delivery_id) is Purpose.NEW:
        return activate_key(change, delivery_id, remove_after)
    return start_rotation(change, delivery_id, remove_after)


def cancel(
    change: Change, delivery_id: str, reason: str, *, tell: bool, recipient_left: bool = False
) -> DeliveryView:
    """Cancel a token that has not been delivered; it never works.

    A token that works already is left alone; the returned state says whether it does.

    Args:
        reason: why, in a few words, for the audit log.
        tell: whether the people concerned get separate messages, because none of them is waiting
            for a reply.
        recipient_left: whether the recipient may not have the token; then only the person who
            asked for it is told.

    Raises:
        KeyNotFound: if the account has no such delivery.
    """
    session = change.session
    if purpose_of(session, delivery_id) is Purpose.NEW:
        key_id = row(session, delivery_id).key_id
        cancel_key(change, key_id, reason, tell=tell, recipient_left=recipient_left)
    else:
        cancel_rotation(change, delivery_id, reason, tell=tell, recipient_left=recipient_left)
    return get(session, delivery_id)


def refuse_recipient(change: Change, delivery_id: str) -> None:
    """Cancel a delivery whose recipient may not have a token; the person who asked is told."""
    cancel(change, delivery_id, RECIPIENT_LEFT, tell=True, recipient_left=True)


def refuse_leaver(change: Change, user_id: str) -> None:
    """Cancel every delivery to a person who has left; the people who asked are told."""
    waiting = select(Delivery).where(
        Delivery.account_id == change.session.account_id,
        Delivery.recipient == str(Actor.person(user_id)),
        col(Delivery.sent_at).is_(None),
    )
    for delivery in change.session.exec(waiting).all():
        refuse_recipient(change, delivery.id)


def expired(session: AccountSession, now: datetime) -> dict[str, str]:
    """Return the overdue deliveries, each with the reason for the audit log."""
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
    """Return the purpose of a delivery."""
    return Purpose.NEW if of_delivery(session, delivery_id) is None else Purpose.ROTATION
