"""Rotating a key: a new token for it, while the old one keeps working for a grace period.

The key keeps its id, name, scopes, owner and history; only its token changes.

    begin ──→ pending ──(the new token was delivered)──→ start ──→ running ──→ ended
                 └──(it was not, or nobody collected it in time)──→ cancel

While it is pending the new token is refused, and the old one works. From `start` on both work,
until the grace period is over (keys.rotation.grace).
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
        recipient: who is sent the token.
        grace: how long the old token keeps working once the new one works.
        idempotency_key: names this very request, so that asking twice rotates once.
        delivery_deadline: how long the delivery may take before the new token is cancelled.
        method: by which way the token travels.

    Raises:
        DuplicateRequest: if this very request was carried out before.
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the person.
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
    """Make the new token work, and set the end of the ones before it: it has been delivered.

    Args:
        remove_after: how long the token may stay where it was delivered; None where nothing has
            to be removed.

    Raises:
        DeliveryExpired: if the rotation was cancelled, or the key revoked, in the meantime.
    """
    session, now = change.session, change.now
    rotation = _rotation_of(session, delivery_id)
    key = change.load(rotation.key_id)
    if rotation.state != Stage.PENDING or key.state != State.ACTIVE:
        raise DeliveryExpired(
            "It took too long to hand over the new token, or the key was revoked meanwhile. "
            "Nothing works with that token."
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


def cancel_rotation(change: Change, delivery_id: str, reason: str, *, tell: bool) -> bool:
    """Cancel a pending rotation: the new token never works, and the old one keeps working.

    Args:
        reason: why, in a few words, for the audit log.
        tell: whether the recipient and the person who asked are told by messages of their own,
            because nobody is waiting for an answer any more.

    Returns:
        False if it is not pending any more.
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
    # The person who asked for it may be another one than the recipient.
    people = [Actor.read(delivery.recipient), Actor.read(rotation.started_by)] if tell else []
    issuing = change.acting_as(Actor.system("issuing"))
    issuing.record(RotationCancelled(change.load(rotation.key_id), reason, people))
    return True


def _refuse_a_repetition(session: AccountSession, idempotency_key: str) -> None:
    made = select(Rotation.key_id).where(
        Rotation.account_id == session.account_id, Rotation.idempotency_key == idempotency_key
    )
    if (key_id := session.exec(made).first()) is not None:
        raise DuplicateRequest(key_id)


def _refuse_unfit(session: Session, key: Key, now: datetime) -> None:
    if key.state == State.PENDING:
        raise InvalidState(f"“{key.name}” is still being made. Rotate it once it works.")
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
            f"“{key.name}” is being rotated already, and its new token is on its way."
        )
    if other.ends_at is None or other.ends_at > now:
        raise InvalidState(
            f"“{key.name}” is being rotated already: two of its tokens work. End the old one "
            "first; the message about the rotation has a button for that."
        )
    other.state, other.ended_at = Stage.ENDED, other.ends_at
    session.add(other)
    session.flush()


def _rotation_of(session: AccountSession, delivery_id: str) -> Rotation:
    rotation = of_delivery(session, delivery_id)
    if rotation is None:
        raise KeyNotFound("There is no such rotation.")
    return rotation
