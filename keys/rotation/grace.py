"""The grace period of a rotation: the old token ends at once, works for longer, or runs out.

Nothing has to run at its end for the old token to be refused, because every verification looks at
it. `run_due` only records and announces that it has ended.
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
# A rotation that is extended again and again leaves two tokens, which is what rotating is against.
LONGEST = timedelta(days=30)
# How long before its end an old token that is still in use is announced.
WARNING = timedelta(hours=1)


def end_rotation(change: Change, rotation_id: str) -> RotationView:
    """End the old token at once. A second time changes nothing and is no error.

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
    """Have the old token work for another day.

    Raises:
        KeyNotFound: if the account has no such rotation.
        InvalidState: with a sentence for the person.
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
            f"The old token of “{key.name}” has ended, and what has ended does not work again."
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
    """Record what is due for old tokens: that they are still in use, and that they have ended.

    Returns:
        How many things were found.
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
    """Record that the old token has ended; nothing is said of a key that was revoked.

    Args:
        announce: whether the team and the owner are told.
    """
    rotation.state, rotation.ended_at = Stage.ENDED, change.now
    rotation.ended_by = str(change.actor)
    change.session.add(rotation)
    change.session.flush()
    # The message about a revoked key's rotation is rendered each minute, and says so itself.
    if key.state == State.ACTIVE:
        hint = rotation_view(change.session, rotation, key).old_hint
        change.record(RotationEnded(key, rotation.id, hint, announce=announce))


def _longer(ends_at: datetime, started_at: datetime, key: Key) -> datetime:
    limits = [started_at + LONGEST] + ([key.expires_at] if key.expires_at else [])
    longer = min([ends_at + EXTENSION, *limits])
    if longer <= ends_at:
        expires = key.expires_at == longer
        why = "the key itself expires then." if expires else "30 days is the most."
        raise InvalidState(f"The old token of “{key.name}” cannot be extended: {why}")
    return longer


def _warning_is_due(rotation: Rotation, ends_at: datetime, now: datetime) -> bool:
    # Half of a short grace period: an hour before would be at its beginning.
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
