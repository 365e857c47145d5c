"""Token deliveries: their purpose, state, recipient and message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import col, or_, select

from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.base.models import Handover, KeyView, State
from keys.base.policy import DeliveryWay
from keys.base.rows import view
from keys.changes import audit_log
from keys.changes.change import Change
from keys.delivery.events import TokenRemained, TokenRemoved, remained
from keys.rotation.queries import Stage, of_delivery
from storage import AccountSession
from storage.tables import Delivery, Key


class Purpose(StrEnum):
    """The purpose of a delivery."""

    NEW = "new"
    ROTATION = "rotation"


class DeliveryState(StrEnum):
    """The state of a delivery.

    Attributes:
        PENDING: the token is being sent or waits to be collected; it does not work yet.
        DELIVERED: the token works, and is in its message.
        REMOVED: the token works, and is not, or no longer, in a message.
        CANCELLED: the token never works.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    REMOVED = "removed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A token's delivery.

    Attributes:
        by: who made the key or, for a rotation, the new token.
        sent_at: when the token was delivered, and began to work.
        attempts: how often the bot has tried to remove the token from its message.
    """

    id: str
    key: KeyView
    recipient: Actor
    by: Actor
    purpose: Purpose
    state: DeliveryState
    channel_id: str | None
    message: str | None
    sent_at: datetime | None
    removed_at: datetime | None
    method: DeliveryWay = DeliveryWay.DM
    attempts: int = 0


def get(session: AccountSession, delivery_id: str) -> DeliveryView:
    """Return one delivery of this account.

    Raises:
        KeyNotFound: if the account has no such delivery.
    """
    return _view(session, row(session, delivery_id))


def record_place(session: AccountSession, delivery_id: str, channel_id: str, message: str) -> None:
    """Record the message that the token will be put into, before it is."""
    found = row(session, delivery_id)
    found.channel_id, found.message = channel_id, message
    session.add(found)


def claim_due(session: AccountSession, now: datetime, claim_ttl: timedelta) -> DeliveryView | None:
    """Claim a token that is due to be removed; no other bot gets it until the claim expires."""
    found = session.exec(
        select(Delivery)
        .where(
            Delivery.account_id == session.account_id,
            col(Delivery.removed_at).is_(None),
            col(Delivery.remove_at) <= now,
            or_(col(Delivery.claimed_until).is_(None), col(Delivery.claimed_until) <= now),
        )
        .order_by(col(Delivery.remove_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if found is None:
        return None
    due = _view(session, found)
    found.claimed_until = now + claim_ttl
    found.attempts += 1
    session.add(found)
    return due


def record_removed(change: Change, delivery_id: str) -> bool:
    """Record that the token was removed from its message; False if that was recorded before."""
    found = row(change.session, delivery_id)
    if found.removed_at is not None:
        return False
    found.removed_at, found.claimed_until = change.now, None
    change.session.add(found)
    change.record(TokenRemoved(found))
    return True


def record_remained(change: Change, delivery_id: str) -> bool:
    """Record that the token cannot be removed; the team and its recipient are told.

    Returns:
        False if that was recorded before, or the token was removed.
    """
    session, found = change.session, row(change.session, delivery_id)
    before = audit_log.has(session, found.key_id, TokenRemained.kind, remained(found))
    if found.removed_at is not None or before:
        return False
    key = change.load(found.key_id)
    works = found.sent_at is not None and view(session, key).state is State.ACTIVE
    change.record(TokenRemained(key, found, works=works))
    return True


def retry(session: AccountSession, delivery_id: str, at: datetime) -> None:
    """Release a claimed delivery: its message could not be changed now."""
    found = row(session, delivery_id)
    found.remove_at, found.claimed_until = at, None
    session.add(found)


def handovers(session: AccountSession, key_id: str) -> list[Handover]:
    """Return everyone who was sent a token of a key."""
    rows = session.exec(
        select(Delivery)
        .where(
            Delivery.account_id == session.account_id,
            Delivery.key_id == key_id,
            col(Delivery.sent_at).is_not(None),
        )
        .order_by(col(Delivery.sent_at))
    )
    return [
        Handover(Actor.read(row.recipient), row.sent_at, row.removed_at, DeliveryWay(row.method))
        for row in rows
        if row.sent_at is not None
    ]


def row(session: AccountSession, delivery_id: str) -> Delivery:
    """Return a delivery's row. Raises KeyNotFound if the account has no such delivery."""
    found = session.get(Delivery, delivery_id)
    if found is None or found.account_id != session.account_id:
        raise KeyNotFound("This message does not belong to a key of this workspace.")
    return found


def purpose_and_state(
    session: AccountSession, delivery: Delivery, key: Key
) -> tuple[Purpose, DeliveryState]:
    """Return a delivery's purpose and state."""
    rotation = of_delivery(session, delivery.id)
    purpose = Purpose.NEW if rotation is None else Purpose.ROTATION
    if delivery.sent_at is not None:
        gone = delivery.removed_at is not None
        return purpose, DeliveryState.REMOVED if gone else DeliveryState.DELIVERED
    if rotation is None:
        waiting = key.state == State.PENDING
    else:
        waiting = rotation.state == Stage.PENDING and key.state == State.ACTIVE
    return purpose, DeliveryState.PENDING if waiting else DeliveryState.CANCELLED


def _view(session: AccountSession, row: Delivery) -> DeliveryView:
    key = session.get_one(Key, row.key_id)
    purpose, state = purpose_and_state(session, row, key)
    rotation = of_delivery(session, row.id)
    return DeliveryView(
        id=row.id,
        key=view(session, key),
        recipient=Actor.read(row.recipient),
        by=Actor.read(rotation.started_by if rotation is not None else key.creator),
        purpose=purpose,
        state=state,
        channel_id=row.channel_id,
        message=row.message,
        sent_at=row.sent_at,
        removed_at=row.removed_at,
        method=DeliveryWay(row.method),
        attempts=row.attempts,
    )
