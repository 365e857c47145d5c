"""An offboarding's progress: the result of each key, and when all are handled.

Whether a key is handled is read from the key itself, so it counts wherever it was done:

    revoked, expired   the key no longer works
    kept               an admin marked it as kept
    rotated            every token that the person was sent has expired, or is about to
    handed over        the person no longer owns it, and was never sent its token

A key that they only created is handled once it was rotated or an admin has kept it. An offboarding
is finished when every key is handled.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, exists, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from keys.base.actors import Actor
from keys.base.models import State
from keys.changes import live_messages
from keys.changes.change import Change
from keys.offboarding.events import MESSAGE_KIND, OffboardingClosed, OffboardingFinished
from keys.offboarding.models import OffboardingItem, Result, Stage
from keys.offboarding.queries import load_items
from keys.offboarding.relations import add_keys, unhandled_relations
from storage import AccountSession
from storage.tables import Event, Key, Offboarding, OffboardingKey

_CHANGES = ("key.rotated", "key.edited", "key.revoked")


def has_due_work(session: AccountSession, now: datetime) -> bool:
    """Return whether keys of an open offboarding have changed since the last `run_due`."""
    return session.exec(_changed(session.account_id, now).limit(1)).first() is not None


def run_due(change: Change) -> int:
    """Record the results of leavers' keys, and finish offboardings without remaining keys.

    Returns:
        How many offboardings were updated.
    """
    session = change.session
    newest = session.exec(
        select(func.max(Event.seq)).where(Event.account_id == session.account_id)
    ).one()
    rows = session.exec(_changed(session.account_id, change.now)).all()
    for row in rows:
        _update(change, row)
        row.last_seq = newest or 0
        session.add(row)
        change.mark_stale(row.id)
    return len(rows)


def _changed(account_id: str, now: datetime) -> SelectOfScalar[Offboarding]:
    """Select open offboardings with new audit log entries, or with a key that has expired."""
    newest = select(func.max(Event.seq)).where(Event.account_id == account_id).scalar_subquery()
    expired = exists(
        select(OffboardingKey.key_id)
        .join(Key, col(Key.id) == col(OffboardingKey.key_id))
        .where(
            col(OffboardingKey.offboarding_id) == col(Offboarding.id),
            col(OffboardingKey.outcome) == "",
            col(Key.expires_at) <= now,
        )
    )
    return select(Offboarding).where(
        Offboarding.account_id == account_id,
        Offboarding.state == Stage.OPEN,
        or_(col(Offboarding.last_seq) < newest, expired),
    )


def _update(change: Change, row: Offboarding) -> None:
    session, now = change.session, change.now
    relations = unhandled_relations(session, row.person, row.why)
    known = set(
        session.exec(select(OffboardingKey.key_id).where(OffboardingKey.offboarding_id == row.id))
    )
    add_keys(session, row, {key: tie for key, tie in relations.items() if key not in known})
    for item in load_items(session, row):
        found = session.get_one(OffboardingKey, (row.id, item.key.id))
        result = _result_of(session, row, item, found, now)
        if result == (found.outcome or None):
            continue
        by, at = _by(session, row, item, result)
        found.outcome = result or ""
        found.outcome_by, found.outcome_at = (str(by), at or now) if result else (None, None)
        if result:
            found.action, found.problem = "", ""
        session.add(found)
    session.flush()
    left = select(OffboardingKey.key_id).where(
        OffboardingKey.offboarding_id == row.id, OffboardingKey.outcome == ""
    )
    if session.exec(left.limit(1)).first() is None:
        by_itself = change.acting_as(Actor.system("keys"))
        recipients = live_messages.recipients(session, MESSAGE_KIND, row.id)
        counts = _end(by_itself, row, Stage.FINISHED)
        by_itself.record(OffboardingFinished(row, counts, recipients))


def _result_of(
    session: Session, row: Offboarding, item: OffboardingItem, found: OffboardingKey, now: datetime
) -> Result | None:
    if item.key.state is not State.ACTIVE:
        return Result.REVOKED
    if item.key.expired(now):
        return Result.EXPIRED
    if found.outcome == Result.KEPT:
        return Result.KEPT
    if item.knows or item.owns:
        return None
    if found.sent:
        return Result.ROTATED
    if found.owned:
        return Result.HANDED_OVER
    rotated = select(Event.id).where(
        Event.account_id == row.account_id,
        Event.key_id == item.key.id,
        Event.kind == "key.rotated",
        col(Event.at) >= row.created_at,
    )
    return Result.ROTATED if session.exec(rotated.limit(1)).first() is not None else None


def _by(
    session: Session, row: Offboarding, item: OffboardingItem, result: Result | None
) -> tuple[Actor, datetime | None]:
    if result in (None, Result.EXPIRED):
        return Actor.system("timer"), item.key.expires_at
    last = session.exec(
        select(Event)
        .where(
            Event.account_id == row.account_id,
            Event.key_id == item.key.id,
            col(Event.kind).in_(_CHANGES),
        )
        .order_by(col(Event.seq).desc())
        .limit(1)
    ).first()
    return (Actor.read(last.actor), last.at) if last else (Actor.system("keys"), None)


def close_offboarding(change: Change, row: Offboarding) -> None:
    """Cancel an open offboarding, whatever keys remain."""
    change.record(OffboardingClosed(row, _end(change, row, Stage.CLOSED)))


def _end(change: Change, row: Offboarding, stage: Stage) -> dict[str, int]:
    """End an offboarding and its bulk actions; return the number of keys with each result."""
    row.state, row.ended_at, row.ended_by = stage, change.now, str(change.actor)
    change.session.add(row)
    change.session.flush()
    pending = select(OffboardingKey).where(
        OffboardingKey.offboarding_id == row.id,
        or_(OffboardingKey.action != "", col(OffboardingKey.claimed_until).is_not(None)),
    )
    for item in change.session.exec(pending).all():
        item.action, item.claimed_until = "", None
        change.session.add(item)
    change.session.flush()
    counts = change.session.exec(
        select(OffboardingKey.outcome, func.count())
        .where(OffboardingKey.offboarding_id == row.id)
        .group_by(OffboardingKey.outcome)
    ).all()
    return {outcome or "left": count for outcome, count in counts}
