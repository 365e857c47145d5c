"""Reading rotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.base.models import KeyView, State
from keys.base.rows import view
from storage import AccountSession
from storage.tables import Key, Rotation, Secret, SecretUse

# A token used this recently counts as in use: a daily job uses it no more often.
IN_USE = timedelta(days=1)


class Stage(StrEnum):
    """The state of a rotation."""

    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class RotationView:
    """A rotation.

    Attributes:
        ends_at: when the old token stops, or stopped, working; None until the new one is delivered.
        old_hint, new_hint: the hints of the two tokens.
        old_used_at, old_used_from: when and from where the old token was last used.
        new_used_at: when the new token was last used.
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
        """Whether the key itself was revoked in the meantime."""
        return self.key.state is not State.ACTIVE

    def still_in_use(self, now: datetime) -> bool:
        """Whether the old token seems to be still in use."""
        if self.old_used_at is None or self.started_at is None:
            return False
        return self.old_used_at >= max(self.started_at, now - IN_USE)


def get(session: AccountSession, rotation_id: str) -> RotationView:
    """Return one rotation. Raises KeyNotFound if the account has no such rotation."""
    rotation = row(session, rotation_id)
    return rotation_view(session, rotation, session.get_one(Key, rotation.key_id))


def of_request(session: AccountSession, idempotency_key: str) -> RotationView:
    """Return the rotation that a request started. Raises KeyNotFound if there is none."""
    rotation = session.exec(
        select(Rotation).where(
            Rotation.account_id == session.account_id, Rotation.idempotency_key == idempotency_key
        )
    ).first()
    if rotation is None:
        raise KeyNotFound("There is no such rotation.")
    return rotation_view(session, rotation, session.get_one(Key, rotation.key_id))


def running(session: AccountSession, key_id: str) -> RotationView | None:
    """Return a key's pending or running rotation, if there is one."""
    rotation = session.exec(
        select(Rotation).where(
            Rotation.account_id == session.account_id,
            Rotation.key_id == key_id,
            col(Rotation.state).in_((Stage.PENDING, Stage.RUNNING)),
        )
    ).first()
    return rotation_view(session, rotation, session.get_one(Key, key_id)) if rotation else None


def are_running(session: AccountSession) -> bool:
    """Return whether there is any rotation for `keys.rotation.grace.run_due`."""
    found = select(Rotation.id).where(
        Rotation.account_id == session.account_id, Rotation.state == Stage.RUNNING
    )
    return session.exec(found.limit(1)).first() is not None


def expired_pending(session: AccountSession, now: datetime) -> list[str]:
    """Return the ids of pending rotations' overdue deliveries."""
    return list(
        session.exec(
            select(Rotation.delivery_id).where(
                Rotation.account_id == session.account_id,
                Rotation.state == Stage.PENDING,
                col(Rotation.pending_until) <= now,
            )
        )
    )


def row(session: AccountSession, rotation_id: str) -> Rotation:
    """Return a rotation's row. Raises KeyNotFound if the account has no such rotation."""
    rotation = session.get(Rotation, rotation_id)
    if rotation is None or rotation.account_id != session.account_id:
        raise KeyNotFound("There is no such rotation.")
    return rotation


def of_delivery(session: AccountSession, delivery_id: str) -> Rotation | None:
    """Return the row of a delivery's rotation, if it delivers a rotation's new token."""
    found = select(Rotation).where(
        Rotation.account_id == session.account_id, Rotation.delivery_id == delivery_id
    )
    return session.exec(found).first()


def working_secrets(session: Session, key_id: str, but_for: str) -> Sequence[Secret]:
    """Return a key's secrets that are not pending, except for one."""
    return session.exec(
        select(Secret).where(
            Secret.key_id == key_id, Secret.id != but_for, col(Secret.pending).is_(False)
        )
    ).all()


def rotation_view(session: Session, rotation: Rotation, key: Key) -> RotationView:
    """Return a rotation's row as a value."""
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
    """Return whether a secret was in use when the other one was made."""
    return old.id != new.id and not old.pending and old.created_at <= new.created_at
