"""The grace period of a rotation: ending the old token now, extending it, or letting it expire.

No job has to run for the old token to be refused, because every verification checks its expiry.
`run_due` only records and announces it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.errors import InvalidState
from keys.base.models import State
from keys.changes.change import Change
from keys.rotation.events import OldTokenStillUsed, RotationEnded, RotationExtended
from keys.rotation.queries import RotationView, Stage, rotation_view, row, working_secrets
from storage.tables import Key, Rotation

GRACES = (timedelta(), timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
GRACE_DEFAULT = timedelta(hours=24)
EXTENSION = timedelta(hours=24)
# Extending a rotation forever would leave two working tokens, which rotating is meant to end.
LONGEST = timedelta(days=30)
# How long before its expiry people are warned about an old token that is still in use.
WARNING = timedelta(hours=1)


def end_rotation(change: Change, rotation_id: str) -> RotationView:
    """Revoke the old token of a rotation immediately. Idempotent.

    Raises:
        KeyNotFound: if the account has no such rotation.
    """
    rotation = row(change.session, rotation_id)
    key = change.load(rotation.key_id)
    if rotation.state == Stage.RUNNING:
        now = change.now
        if rotation.ends_at is None or rotation.ends_at > now:
            for old in working_secrets(change.session, key.id, but_for=rotation.secret_id):
                if old.ends_at is None or old.ends_at > now:
                    old.ends_at = now
                    change.session.add(old)
            rotation.ends_at = now
        finish(change, rotation, key, announce=True)
    return rotation_view(change.session, rotation, key)


def extend_rotation(change: Change, rotation_id: str) -> RotationView:
    """Extend the old token by a day.

    Raises:
        KeyNotFound: if the account has no such rotation.
        InvalidState: with a sentence for the user.
    """
    rotation = row(change.session, rotation_id)
    key = change.load(rotation.key_id)
    if (
        rotation.state != Stage.RUNNING
        or rotation.ends_at is None
        or rotation.started_at is None
        or rotation.ends_at <= change.now
        or key.state != State.ACTIVE
    ):
        raise InvalidState(
            f"The old token of “{key.name}” has already stopped working, so it cannot be extended."
        )
    before, ends_at = rotation.ends_at, _longer(rotation.ends_at, rotation.started_at, key)
    for old in working_secrets(change.session, key.id, but_for=rotation.secret_id):
        if old.ends_at == before:
            old.ends_at = ends_at
            change.session.add(old)
    rotation.ends_at, rotation.warned_at = ends_at, None
    change.session.add(rotation)
    change.record(RotationExtended(key, rotation.id, ends_at))
    return rotation_view(change.session, rotation, key)


def run_due(change: Change) -> int:
    """Record which old tokens are still in use shortly before their expiry, and which expired.

    Returns:
        How many were recorded.
    """
    due = change.session.exec(
        select(Rotation).where(
            Rotation.account_id == change.session.account_id,
            Rotation.state == Stage.RUNNING,
            col(Rotation.ends_at) <= change.now + WARNING,
        )
    ).all()
    timer, found = change.acting_as(Actor.system("timer")), 0
    for rotation in due:
        key = change.load(rotation.key_id)
        if rotation.ends_at is None:
            continue
        if rotation.ends_at <= change.now or key.state != State.ACTIVE:
            finish(timer, rotation, key, announce=True)
            found += 1
        elif rotation.warned_at is None and _warning_is_due(rotation, rotation.ends_at, change.now):
            found += _warn(timer, rotation, rotation.ends_at, key)
    return found


def finish(change: Change, rotation: Rotation, key: Key, *, announce: bool) -> None:
    """Record that the old token has stopped working; not announced if the key was revoked.

    Args:
        announce: whether the team and the owner are told.
    """
    rotation.state, rotation.ended_at = Stage.ENDED, change.now
    rotation.ended_by = str(change.actor)
    change.session.add(rotation)
    change.session.flush()
    # The rotation's message is rendered every minute, and shows that the key was revoked.
    if key.state == State.ACTIVE:
        hint = rotation_view(change.session, rotation, key).old_hint
        change.record(RotationEnded(key, rotation.id, hint, announce=announce))


def _longer(ends_at: datetime, started_at: datetime, key: Key) -> datetime:
    limits = [started_at + LONGEST] + ([key.expires_at] if key.expires_at else [])
    longer = min([ends_at + EXTENSION, *limits])
    if longer <= ends_at:
        expires = key.expires_at == longer
        why = "the key itself expires then." if expires else "the maximum is 30 days."
        raise InvalidState(f"The old token of “{key.name}” cannot be extended: {why}")
    return longer


def _warning_is_due(rotation: Rotation, ends_at: datetime, now: datetime) -> bool:
    # Half of a short grace period: an hour before its end would be at its start.
    before = min(WARNING, timedelta(seconds=rotation.grace_seconds) / 2)
    return ends_at - before <= now


def _warn(change: Change, rotation: Rotation, ends_at: datetime, key: Key) -> int:
    seen = rotation_view(change.session, rotation, key)
    rotation.warned_at = change.now
    change.session.add(rotation)
    if not seen.still_in_use(change.now):
        return 0
    used_from = seen.old_used_from or ""
    change.record(OldTokenStillUsed(key, rotation.id, seen.old_hint, ends_at, used_from))
    return 1
