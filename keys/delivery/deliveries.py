"""Deliveries: which message holds a token that has to go from there again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.base.models import Handover, KeyView, State
from keys.base.policy import DeliveryWay
from keys.base.rows import view
from keys.changes import audit_log, outbox
from storage import AccountSession
from storage.tables import Delivery, Key


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A token's message: for whom, where, and of which key.

    Attributes:
        attempts: how often the timer tried to remove the token before.
    """

    id: str
    key: KeyView
    recipient: Actor
    channel_id: str | None
    message: str | None
    sent_at: datetime | None
    removed_at: datetime | None
    method: DeliveryWay = DeliveryWay.DM
    attempts: int = 0


def get(session: AccountSession, delivery_id: str) -> DeliveryView:
    """One delivery of this account.

    Raises:
        KeyNotFound: if the account has no such delivery.
    """
    return _view(session, _row(session, delivery_id))


def record_place(session: AccountSession, delivery_id: str, channel_id: str, message: str) -> None:
    """Notes which message the token is going to be put into, before it is."""
    row = _row(session, delivery_id)
    row.channel_id, row.message = channel_id, message
    session.add(row)


def claim_due(session: AccountSession, now: datetime, claim_ttl: timedelta) -> DeliveryView | None:
    """Takes a token that has to be removed by now; nobody else gets it during the lease."""
    row = session.exec(
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
    if row is None:
        return None
    due = _view(session, row)
    row.claimed_until = now + claim_ttl
    row.attempts += 1
    session.add(row)
    return due


def removed(session: AccountSession, delivery_id: str, actor: Actor, now: datetime) -> bool:
    """Records that the token is gone from its message. False if that was recorded before."""
    audit_log.lock(session)
    row = _row(session, delivery_id)
    if row.removed_at is not None:
        return False
    row.removed_at, row.claimed_until = now, None
    session.add(row)
    data = {"recipient": row.recipient}
    audit_log.append(session, now, "token.removed", actor, row.key_id, data)
    return True


def remained(session: AccountSession, delivery_id: str, actor: Actor, now: datetime) -> bool:
    """Record that the token cannot be taken out of its message, and tell the team and its person.

    Returns:
        False if that was recorded before, or the token is gone.
    """
    audit_log.lock(session)
    row = _row(session, delivery_id)
    data = {"delivery": row.id, "recipient": row.recipient}
    if row.removed_at is not None or audit_log.has(session, row.key_id, "token.remained", data):
        return False
    event = audit_log.append(session, now, "token.remained", actor, row.key_id, data)
    key = view(session, session.get_one(Key, row.key_id))
    works = row.sent_at is not None and key.state is State.ACTIVE
    said = {"name": key.name, "recipient": row.recipient, "works": works}
    for audience in (outbox.TEAM, row.recipient):
        outbox.add(session, event, audience, said)
    return True


def retry(session: AccountSession, delivery_id: str, at: datetime) -> None:
    """Gives a claimed delivery back: its message could not be changed now."""
    row = _row(session, delivery_id)
    row.remove_at, row.claimed_until = at, None
    session.add(row)


def way_of(session: AccountSession, key_id: str) -> DeliveryWay:
    """By which way the newest token of a key travelled; by direct message if none did."""
    method = session.exec(
        select(Delivery.method)
        .where(Delivery.account_id == session.account_id, Delivery.key_id == key_id)
        .order_by(col(Delivery.created_at).desc())
        .limit(1)
    ).first()
    return DeliveryWay(method) if method is not None else DeliveryWay.DM


def handovers(session: AccountSession, key_id: str) -> list[Handover]:
    """Everybody who was sent the token of a key."""
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


def _row(session: AccountSession, delivery_id: str) -> Delivery:
    row = session.get(Delivery, delivery_id)
    if row is None or row.account_id != session.account_id:
        raise KeyNotFound("This message belongs to no key here.")
    return row


def _view(session: Session, row: Delivery) -> DeliveryView:
    return DeliveryView(
        id=row.id,
        key=view(session, session.get_one(Key, row.key_id)),
        recipient=Actor.read(row.recipient),
        channel_id=row.channel_id,
        message=row.message,
        sent_at=row.sent_at,
        removed_at=row.removed_at,
        method=DeliveryWay(row.method),
        attempts=row.attempts,
    )
