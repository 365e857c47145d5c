"""Rotating a key: it gets a new token, and the old one keeps working for a grace period.

The key keeps its id, name, scopes, owner and history; only its token changes.

    begin ──→ pending ──(the new token was delivered)──→ start ──→ running ──→ ended
                 └──(it was not delivered or collected in time)──→ cancel

While the rotation is pending, only the old token works. Then both work until the grace period ends
(keys.rotation.grace).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from keys.base.actors import Actor
from keys.base.errors import (
    DeliveryExpired,
    DuplicateRequest,
    InvalidState,
    KeyNotFound,
    KeyRevoked,
)
from keys.base.ids import new_id
from keys.base.models import KeyView, State
from keys.base.policy import DeliveryWay
from keys.base.rows import view
from keys.changes.change import Change
from keys.lifecycle.create import PendingKey, add_delivery, complete_delivery
from keys.lifecycle.rows import index_key
from keys.lifecycle.secrets import add_secret
from keys.rotation.events import KeyRotated, RotationCancelled, RotationRequested
from keys.rotation.grace import finish
from keys.rotation.queries import Stage, of_delivery, working_secrets
from storage import AccountSession
from storage.tables import Delivery, Key, Rotation, Secret


def begin_rotation(
    change: Change,
    key_id: str,
    *,
    recipient: Actor,
    grace: timedelta,
    idempotency_key: str,
    delivery_deadline: timedelta,
    method: DeliveryWay = DeliveryWay.DM,
) -> PendingKey:
    """Make a new token for a key; it does not work yet.

    Args:
        recipient: the person the token is delivered to.
        grace: how long the old token keeps working after the new one works.
        idempotency_key: identifies the request, so that a retry does not rotate twice.
        delivery_deadline: how long the delivery may take before the new token is cancelled.
        method: how the token is delivered.

    Raises:
        DuplicateRequest: if this request was processed before.
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the user.
    """
    session, now = change.session, change.now
    key = change.load(key_id)
    _refuse_a_repetition(session, idempotency_key)
    _refuse_unfit(session, key, now)
    secret, token = add_secret(change, key)
    delivery = add_delivery(change, secret, recipient, method)
    rotation = Rotation(
        id=new_id("rot"),
        account_id=session.account_id,
        key_id=key.id,
        secret_id=secret.id,
        delivery_id=delivery.id,
        idempotency_key=idempotency_key,
        state=Stage.PENDING,
        grace_seconds=int(grace.total_seconds()),
        started_by=str(change.actor),
        created_at=now,
        pending_until=now + delivery_deadline,
    )
    session.add(rotation)
    session.flush()
    change.record(RotationRequested(key, recipient, rotation.grace_seconds))
    return PendingKey(view(session, key), token, delivery.id)


def start_rotation(change: Change, delivery_id: str, remove_after: timedelta | None) -> KeyView:
    """Activate a delivered new token, and set the expiry of the key's other tokens.

    Args:
        remove_after: how long the token may stay in its message; None if it is in none.

    Raises:
        DeliveryExpired: if the rotation was cancelled or the key revoked in the meantime.
    """
    session, now = change.session, change.now
    rotation = _rotation_of(session, delivery_id)
    key = change.load(rotation.key_id)
    if rotation.state != Stage.PENDING or key.state != State.ACTIVE:
        raise DeliveryExpired(
            "The new token was not delivered in time, or the key was revoked in the meantime. "
            "The new token does not work."
        )
    ends_at = now + timedelta(seconds=rotation.grace_seconds)
    if key.expires_at is not None:
        ends_at = min(ends_at, key.expires_at)
    secret = session.get_one(Secret, rotation.secret_id)
    secret.pending = False
    session.add(secret)
    for old in working_secrets(session, key.id, but_for=secret.id):
        old.ends_at = ends_at if old.ends_at is None else min(old.ends_at, ends_at)
        session.add(old)
    rotation.state, rotation.pending_until = Stage.RUNNING, None
    rotation.started_at, rotation.ends_at = now, ends_at
    session.add(rotation)
    complete_delivery(change, delivery_id, remove_after)
    index_key(change, key, secret.hint)
    recipient = Actor.read(session.get_one(Delivery, delivery_id).recipient)
    change.record(KeyRotated(key, rotation.id, ends_at, recipient))
    if ends_at <= now:
        finish(change, rotation, key, announce=False)
    return view(session, key)


def cancel_rotation(
    change: Change, delivery_id: str, reason: str, *, tell: bool, recipient_left: bool = False
) -> bool:
    """Cancel a pending rotation: the new token never works, and the old one keeps working.

    Args:
        reason: why, in a few words, for the audit log.
        tell: whether the recipient and the person who asked get separate messages, because neither
            is waiting for a reply.
        recipient_left: whether the recipient may not have the token; then only the person who
            asked is told.

    Returns:
        False if it is no longer pending.
    """
    rotation = _rotation_of(change.session, delivery_id)
    if rotation.state != Stage.PENDING:
        return False
    now = change.now
    rotation.state, rotation.pending_until, rotation.ended_at = Stage.ABANDONED, None, now
    secret = change.session.get_one(Secret, rotation.secret_id)
    secret.ends_at = now
    delivery = change.session.get_one(Delivery, delivery_id)
    if delivery.channel_id is not None and delivery.removed_at is None:
        delivery.remove_at = now
    change.session.add_all((rotation, secret, delivery))
    # The person who asked for it need not be the recipient.
    recipients = [] if recipient_left else [Actor.read(delivery.recipient)]
    people = [Actor.read(rotation.started_by), *recipients]
    issuing = change.acting_as(Actor.system("issuing"))
    key = change.load(rotation.key_id)
    issuing.record(RotationCancelled(key, reason, people if tell else ()))
    return True


def _refuse_a_repetition(session: AccountSession, idempotency_key: str) -> None:
    made = select(Rotation.key_id).where(
        Rotation.account_id == session.account_id, Rotation.idempotency_key == idempotency_key
    )
    if (key_id := session.exec(made).first()) is not None:
        raise DuplicateRequest(key_id)


def _refuse_unfit(session: Session, key: Key, now: datetime) -> None:
    if key.state == State.PENDING:
        raise InvalidState(
            f"The token of “{key.name}” has not been delivered yet. Rotate the key once it works."
        )
    if key.state != State.ACTIVE:
        raise KeyRevoked(
            f"“{key.name}” was revoked, so there is nothing to rotate. Make a new key."
        )
    if key.expires_at is not None and key.expires_at <= now:
        raise InvalidState(
            f"“{key.name}” has expired, so a new token would not work either. Extend it first."
        )
    other = session.exec(
        select(Rotation).where(
            Rotation.key_id == key.id, col(Rotation.state).in_((Stage.PENDING, Stage.RUNNING))
        )
    ).first()
    if other is None:
        return
    if other.state == Stage.PENDING:
        raise InvalidState(
            f"“{key.name}” is already being rotated. Wait until its new token is delivered."
        )
    if other.ends_at is None or other.ends_at > now:
        raise InvalidState(
            f"“{key.name}” is already being rotated: two of its tokens work. "
            "Revoke the old one first, in the message about the rotation."
        )
    other.state, other.ended_at = Stage.ENDED, other.ends_at
    session.add(other)
    session.flush()


def _rotation_of(session: AccountSession, delivery_id: str) -> Rotation:
    rotation = of_delivery(session, delivery_id)
    if rotation is None:
        raise KeyNotFound("There is no such rotation.")
    return rotation
