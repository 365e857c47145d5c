"""Rotating a key: a new secret for it, while the old one goes on for a grace period.

The key stays the same, with its id, name, scopes, owner and history; only what proves it changes.

    begin ──→ pending ──(the new token was delivered)──→ start ──→ running ──→ ended
                 └──(it was not, or nobody came for it in time)──→ abandon

While it is pending the new secret verifies for nobody and the old one goes on. From `start` on
both work; the old one ends by itself at the end of the grace period, whoever runs or does not run
then, because every verification looks at its end. `run_due` only says that it has happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

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
from keys.changes import live_messages, outbox
from keys.changes.change import Change
from keys.lifecycle.create import PendingKey, Result, complete_delivery
from keys.lifecycle.rows import index_key
from keys.lifecycle.secrets import add_secret
from keys.rotation.events import (
    MESSAGE_KIND,
    KeyRotated,
    OldTokenStillUsed,
    RotationCancelled,
    RotationEnded,
    RotationExtended,
    RotationStarted,
)
from storage import AccountSession
from storage.tables import Delivery, Key, Rotation, Secret, SecretUse

GRACES = (timedelta(), timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
GRACE_DEFAULT = timedelta(hours=24)
EXTENSION = timedelta(hours=24)
# Whoever extends again and again has two secrets for good, which is what rotating is against.
LONGEST = timedelta(days=30)
# How long before the end a secret that is still in use is spoken of.
WARNING = timedelta(hours=1)
# A job that runs once a day uses its secret so rarely, and all the same it will miss it.
IN_USE = timedelta(days=1)
_TIMER = Actor.system("timer")


class Stage(StrEnum):
    """Where a rotation is."""

    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class RotationView:
    """A rotation as it stands.

    Attributes:
        ends_at: when the old secret ends, or has ended; None as long as the new one is on its way.
        old_hint, new_hint: by which people recognise the two.
        old_used_at, old_used_from: when and from where the old secret was used last.
        new_used_at: when the new one was.
        revoked: the whole key was revoked meanwhile.
    """

    id: str
    key: KeyView
    stage: Stage
    started_by: Actor
    started_at: datetime | None
    ends_at: datetime | None
    ended_by: Actor | None
    grace: timedelta
    old_hint: str
    new_hint: str
    old_used_at: datetime | None
    old_used_from: str | None
    new_used_at: datetime | None

    @property
    def revoked(self) -> bool:
        """Whether the key itself has ended meanwhile."""
        return self.key.state is not State.ACTIVE

    def still_in_use(self, now: datetime) -> bool:
        """Whether a program seems to go on with the old secret."""
        if self.old_used_at is None or self.started_at is None:
            return False
        return self.old_used_at >= max(self.started_at, now - IN_USE)


def begin(
    change: Change,
    key_id: str,
    *,
    recipient: Actor,
    grace: timedelta,
    idempotency_key: str,
    delivery_deadline: timedelta,
    method: DeliveryWay = DeliveryWay.DM,
) -> PendingKey:
    """Makes a new secret that does not work yet, and its token.

    Args:
        recipient: who will be given the token.
        grace: how long the old secret goes on once the new one works.
        request_id: names this very request, so that asking twice rotates once.
        lease: how long the delivery may take before the new secret is given up.

    Raises:
        DuplicateRequest: if this very request was carried out before.
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the person.
    """
    key = change.load(key_id)
    made = select(Rotation.key_id).where(
        Rotation.account_id == change.session.account_id,
        Rotation.idempotency_key == idempotency_key,
    )
    if (before := change.session.exec(made).first()) is not None:
        raise DuplicateRequest(before)
    now = change.now
    _refuse_unfit(change.session, key, now)
    secret, token = add_secret(change, key)
    delivery = Delivery(
        id=new_id("dlv"),
        account_id=change.session.account_id,
        key_id=key.id,
        secret_id=secret.id,
        recipient=str(recipient),
        created_at=now,
        method=method,
    )
    change.session.add(delivery)
    change.session.flush()
    rotation = Rotation(
        id=new_id("rot"),
        account_id=change.session.account_id,
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
    change.session.add(rotation)
    change.session.flush()
    change.record(RotationStarted(key, rotation, recipient))
    return PendingKey(view(change.session, key), token, delivery.id)


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
            f"“{key.name}” is being rotated already, and its new token is being delivered."
        )
    if other.ends_at is None or other.ends_at > now:
        raise InvalidState(
            f"“{key.name}” is being rotated already: two of its tokens work. End the old one "
            "first; the message about the rotation has a button for that."
        )
    other.state, other.ended_at = Stage.ENDED, other.ends_at
    session.add(other)
    session.flush()


def start(
    change: Change,
    delivery_id: str,
    remove_after: timedelta | None,
) -> Result:
    """Makes the new secret work, and sets the end of the ones before it: it has reached its person.

    Where the owner leaves, whoever has the new token answers for the key from then on.

    Args:
        remove_after: how long the token may stay where it was delivered; None where nothing has
            to be removed.

    Raises:
        DeliveryExpired: if the rotation was given up, or the key revoked, in the meantime.
    """
    now = change.now
    rotation = _of_delivery(change.session, delivery_id)
    key = change.load(rotation.key_id)
    if rotation.state != Stage.PENDING or key.state != State.ACTIVE:
        raise DeliveryExpired(
            "It took too long to hand over the new token, or the key was revoked meanwhile. "
            "Nothing works with that token."
        )
    ends_at = now + timedelta(seconds=rotation.grace_seconds)
    if key.expires_at is not None:
        ends_at = min(ends_at, key.expires_at)
    secret = change.session.get_one(Secret, rotation.secret_id)
    secret.pending = False
    change.session.add(secret)
    for old in _working(change.session, key.id, but_for=secret.id):
        old.ends_at = ends_at if old.ends_at is None else min(old.ends_at, ends_at)
        change.session.add(old)
    rotation.state, rotation.pending_until = Stage.RUNNING, None
    rotation.started_at, rotation.ends_at = now, ends_at
    change.session.add(rotation)
    complete_delivery(change, delivery_id, remove_after)
    index_key(change, key, secret.hint)
    recipient = Actor.read(change.session.get_one(Delivery, delivery_id).recipient)
    change.record(KeyRotated(key, rotation, ends_at, recipient))
    # Where the owner leaves, the recipient is the owner by now (keys.offboarding.subscribers).
    for told in (outbox.TEAM, *([outbox.to_person(key.owner)] if key.owner else [])):
        live_messages.add(change.session, MESSAGE_KIND, rotation.id, told, now)
    if ends_at <= now:
        _finish(change, rotation, key, tell=False)
    return Result(view(change.session, key), changed=True, fence=change.effects.fence)


def cancel(
    change: Change,
    delivery_id: str,
    reason: str,
    *,
    tell: bool,
) -> bool:
    """Gives a pending rotation up: the new token never works, and the old one goes on.

    Args:
        reason: why, in a few words, for the record.
        tell: whether its people have to be told by messages of their own, because nobody is
            waiting for an answer any more.

    Returns:
        False if it is not pending any more.
    """
    rotation = _of_delivery(change.session, delivery_id)
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
    key = change.load(rotation.key_id)
    # Whoever asked for it may be another person than the recipient.
    people = sorted({delivery.recipient, rotation.started_by}) if tell else []
    told = [one for one in people if Actor.read(one).kind == "person"]
    change.acting_as(Actor.system("issuing")).record(RotationCancelled(key, reason, told))
    return True


def expired_pending(session: AccountSession, now: datetime) -> list[str]:
    """The deliveries of pending rotations that took too long."""
    return list(
        session.exec(
            select(Rotation.delivery_id).where(
                Rotation.account_id == session.account_id,
                Rotation.state == Stage.PENDING,
                col(Rotation.pending_until) <= now,
            )
        )
    )


def end_now(
    change: Change,
    rotation_id: str,
) -> Result:
    """Ends the old secret at once. A second time changes nothing and is no error.

    Raises:
        KeyNotFound: if the account has no such rotation.
    """
    rotation = _row(change.session, rotation_id)
    key = change.load(rotation.key_id)
    if rotation.state != Stage.RUNNING:
        return Result(view(change.session, key), changed=False)
    now = change.now
    if rotation.ends_at is None or rotation.ends_at > now:
        for old in _working(change.session, key.id, but_for=rotation.secret_id):
            if old.ends_at is None or old.ends_at > now:
                old.ends_at = now
                change.session.add(old)
        rotation.ends_at = now
    _finish(change, rotation, key, tell=True)
    return Result(view(change.session, key), changed=True, fence=change.effects.fence)


def extend(
    change: Change,
    rotation_id: str,
) -> Result:
    """Lets the old secret go on for another day.

    Raises:
        InvalidState: with a sentence for the person.
    """
    rotation = _row(change.session, rotation_id)
    key = change.load(rotation.key_id)
    now = change.now
    if (
        rotation.state != Stage.RUNNING
        or rotation.ends_at is None
        or rotation.started_at is None
        or rotation.ends_at <= now
        or key.state != State.ACTIVE
    ):
        raise InvalidState(
            f"The old token of “{key.name}” has ended, and what has ended does not work again."
        )
    limits = [rotation.started_at + LONGEST] + ([key.expires_at] if key.expires_at else [])
    ends_at = min([rotation.ends_at + EXTENSION, *limits])
    if ends_at <= rotation.ends_at:
        raise InvalidState(
            f"The old token of “{key.name}” cannot work for longer: "
            + (
                "the key itself expires then."
                if key.expires_at == ends_at
                else "30 days is the most."
            )
        )
    for old in _working(change.session, key.id, but_for=rotation.secret_id):
        if old.ends_at == rotation.ends_at:
            old.ends_at = ends_at
            change.session.add(old)
    rotation.ends_at, rotation.warned_at = ends_at, None
    change.session.add(rotation)
    change.record(RotationExtended(key, rotation, ends_at))
    return Result(view(change.session, key), changed=True)


def are_running(
    session: AccountSession,
) -> bool:
    """Whether there is any rotation for `run_due` to look at."""
    found = select(Rotation.id).where(
        Rotation.account_id == session.account_id, Rotation.state == Stage.RUNNING
    )
    return session.exec(found.limit(1)).first() is not None


def run_due(change: Change) -> int:
    """Says of old secrets what is due: that they are still in use, and that they have ended.

    Returns:
        How many things were found.
    """
    now = change.now
    running = change.session.exec(
        select(Rotation).where(
            Rotation.account_id == change.session.account_id,
            Rotation.state == Stage.RUNNING,
            col(Rotation.ends_at) <= now + WARNING,
        )
    ).all()
    found = 0
    if running:
        pass
    for rotation in running:
        change.session.refresh(rotation)
        if rotation.state != Stage.RUNNING or rotation.ends_at is None:
            continue
        key = change.load(rotation.key_id)
        if rotation.ends_at <= now or key.state != State.ACTIVE:
            _finish(change.acting_as(_TIMER), rotation, key, tell=True)
            found += 1
        elif rotation.warned_at is None and _warning_is_due(rotation, now):
            found += _warn(change, rotation, key)
    return found


def _warning_is_due(rotation: Rotation, now: datetime) -> bool:
    # Half of a short grace period: an hour before would be at its beginning.
    before = min(WARNING, timedelta(seconds=rotation.grace_seconds) / 2)
    return rotation.ends_at is not None and rotation.ends_at - before <= now


def _warn(change: Change, rotation: Rotation, key: Key) -> int:
    seen = _view(change.session, rotation, key)
    rotation.warned_at = change.now
    change.session.add(rotation)
    if not seen.still_in_use(change.now) or rotation.ends_at is None:
        return 0
    event = OldTokenStillUsed(key, rotation, seen.old_hint, seen.old_used_from or "")
    change.acting_as(_TIMER).record(event)
    return 1


def _finish(change: Change, rotation: Rotation, key: Key, *, tell: bool) -> None:
    rotation.state, rotation.ended_at = Stage.ENDED, change.now
    rotation.ended_by = str(change.actor)
    change.session.add(rotation)
    change.session.flush()
    live_messages.mark_stale(change.session, rotation.id, change.now)
    live_messages.mark_stale_by_prefix(change.session, f"{key.id}:", change.now)
    if key.state == State.ACTIVE:
        hint = _view(change.session, rotation, key).old_hint
        change.record(RotationEnded(key, hint, tell=tell))


def get(session: AccountSession, rotation_id: str) -> RotationView:
    """One rotation. Raises KeyNotFound if the account has no such."""
    rotation = _row(session, rotation_id)
    return _view(session, rotation, session.get_one(Key, rotation.key_id))


def of_request(session: AccountSession, idempotency_key: str) -> RotationView:
    """The rotation that a request began. Raises KeyNotFound if there is none."""
    rotation = session.exec(
        select(Rotation).where(
            Rotation.account_id == session.account_id, Rotation.idempotency_key == idempotency_key
        )
    ).first()
    if rotation is None:
        raise KeyNotFound("There is no such rotation.")
    return _view(session, rotation, session.get_one(Key, rotation.key_id))


def all_of(session: AccountSession, key_id: str) -> list[RotationView]:
    """Every rotation of a key, oldest first."""
    found = session.exec(
        select(Rotation)
        .where(Rotation.account_id == session.account_id, Rotation.key_id == key_id)
        .order_by(col(Rotation.created_at))
    )
    return [_view(session, rotation, session.get_one(Key, key_id)) for rotation in found]


def running(session: AccountSession, key_id: str) -> RotationView | None:
    """The rotation of a key that is under way, if there is one."""
    rotation = session.exec(
        select(Rotation).where(
            Rotation.account_id == session.account_id,
            Rotation.key_id == key_id,
            col(Rotation.state).in_((Stage.PENDING, Stage.RUNNING)),
        )
    ).first()
    return _view(session, rotation, session.get_one(Key, key_id)) if rotation else None


def is_of_rotation(session: AccountSession, delivery_id: str) -> bool:
    """Whether this delivery is of a rotation, and not of a new key."""
    found = select(Rotation.id).where(
        Rotation.account_id == session.account_id, Rotation.delivery_id == delivery_id
    )
    return session.exec(found).first() is not None


def _row(session: AccountSession, rotation_id: str) -> Rotation:
    rotation = session.get(Rotation, rotation_id)
    if rotation is None or rotation.account_id != session.account_id:
        raise KeyNotFound("There is no such rotation.")
    return rotation


def _of_delivery(session: AccountSession, delivery_id: str) -> Rotation:
    found = select(Rotation).where(
        Rotation.account_id == session.account_id, Rotation.delivery_id == delivery_id
    )
    rotation = session.exec(found).first()
    if rotation is None:
        raise KeyNotFound("There is no such rotation.")
    return rotation


def _working(session: Session, key_id: str, but_for: str) -> Sequence[Secret]:
    return session.exec(
        select(Secret).where(
            Secret.key_id == key_id, Secret.id != but_for, col(Secret.pending).is_(False)
        )
    ).all()


def _view(session: Session, rotation: Rotation, key: Key) -> RotationView:
    rows = session.exec(
        select(Secret, SecretUse)
        .join(SecretUse, col(SecretUse.secret_id) == col(Secret.id), isouter=True)
        .where(Secret.key_id == key.id)
        .order_by(col(Secret.created_at))
    ).all()
    secret, new_use = next(pair for pair in rows if pair[0].id == rotation.secret_id)
    old = [pair for pair in rows if _before(pair[0], secret)]
    used = max((use for _, use in old if use), key=lambda use: use.last_used_at, default=None)
    return RotationView(
        id=rotation.id,
        key=view(session, key),
        stage=Stage(rotation.state),
        started_by=Actor.read(rotation.started_by),
        started_at=rotation.started_at,
        ends_at=rotation.ends_at,
        ended_by=Actor.read(rotation.ended_by) if rotation.ended_by else None,
        grace=timedelta(seconds=rotation.grace_seconds),
        old_hint=old[-1][0].hint if old else "",
        new_hint=secret.hint,
        old_used_at=used.last_used_at if used else None,
        old_used_from=used.last_used_from if used else None,
        new_used_at=new_use.last_used_at if new_use else None,
    )


def _before(old: Secret, new: Secret) -> bool:
    """Whether a secret was in use when the other one was made."""
    return old.id != new.id and not old.pending and old.created_at <= new.created_at
