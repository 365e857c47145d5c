"""The outbox: announcements, stored in the transaction of their change and retried until posted.

So a crash cannot lose the announcement of a committed change. A bot claims an entry for a limited
time before it posts it, so several bots can share the work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, func, or_, select

from keys.base.actors import Actor
from keys.base.ids import new_id
from keys.base.stored_data import read_data
from storage import AccountSession
from storage.tables import Event, OutboxRow

TEAM = "team"
ALIKE_MOST = 200
"""How many entries one message covers at most."""


def to_person(user_id: str) -> str:
    """Return the recipient for one person."""
    return str(Actor.person(user_id))


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A claimed message of the outbox.

    Attributes:
        recipient: `team`, or a person as `person:U…`.
        actor: who caused the event that it announces.
        attempts: how often it was tried before; above 0 it may have been posted already.
        trace_id: the id of the request that caused the event; None if no request did.
    """

    id: str
    account_id: str
    kind: str
    recipient: str
    data: dict[str, Any]
    actor: Actor
    at: datetime
    attempts: int
    trace_id: str | None = None


def add(session: Session, event: Event, recipient: str, data: Mapping[str, Any]) -> None:
    """Add a message to the outbox, due at once. Its event must be in the audit log already."""
    if event.id is None:
        raise ValueError("the event is not in the audit log yet")
    session.add(
        OutboxRow(
            id=new_id("ntc"),
            account_id=event.account_id,
            event_id=event.id,
            kind=event.kind,
            recipient=recipient,
            data=json.dumps(data, ensure_ascii=False, sort_keys=True),
            created_at=event.at,
            due_at=event.at,
            trace_id=event.trace_id,
        )
    )
    session.flush()


def claim(
    session: AccountSession, now: datetime, claim_ttl: timedelta, *, but_for: str = ""
) -> OutboxEntry | None:
    """Claim the oldest entry that is due; no other bot gets it until the claim expires.

    Args:
        but_for: a recipient whose entries have to wait.
    """
    found = session.exec(
        select(OutboxRow, Event)
        .join(Event, col(Event.id) == col(OutboxRow.event_id))
        .where(
            OutboxRow.account_id == session.account_id,
            col(OutboxRow.closed_at).is_(None),
            col(OutboxRow.due_at) <= now,
            OutboxRow.recipient != but_for,
            or_(col(OutboxRow.claimed_until).is_(None), col(OutboxRow.claimed_until) <= now),
        )
        .order_by(col(Event.seq))
        .limit(1)
        .with_for_update(of=OutboxRow, skip_locked=True)
    ).first()
    if found is None:
        return None
    notice, event = found
    due = _due(notice, event)
    notice.claimed_until = now + claim_ttl
    notice.attempts += 1
    session.add(notice)
    return due


def claim_alike(
    session: AccountSession, entry: OutboxEntry, now: datetime, claim_ttl: timedelta
) -> list[OutboxEntry]:
    """Claim the other due entries of the same kind, actor and recipient, oldest first.

    One message to a person can cover all of them, such as 60 keys that an audit has revoked.
    """
    rows = session.exec(
        select(OutboxRow, Event)
        .join(Event, col(Event.id) == col(OutboxRow.event_id))
        .where(
            OutboxRow.account_id == session.account_id,
            OutboxRow.kind == entry.kind,
            OutboxRow.recipient == entry.recipient,
            OutboxRow.id != entry.id,
            Event.actor == str(entry.actor),
            col(OutboxRow.closed_at).is_(None),
            # One that was tried before may have been posted, and is searched for alone.
            OutboxRow.attempts == 0,
            col(OutboxRow.due_at) <= now,
            col(OutboxRow.claimed_until).is_(None),
        )
        .order_by(col(Event.seq))
        .limit(ALIKE_MOST)
        .with_for_update(of=OutboxRow, skip_locked=True)
    ).all()
    alike = [_due(row, event) for row, event in rows]
    for row, _ in rows:
        row.claimed_until = now + claim_ttl
        row.attempts += 1
        session.add(row)
    return alike


def is_told(session: Session, entry: OutboxEntry, recipient: str) -> bool:
    """Return whether this recipient has an entry about the same event."""
    event = select(OutboxRow.event_id).where(OutboxRow.id == entry.id).scalar_subquery()
    found = select(OutboxRow.id).where(
        OutboxRow.event_id == event, OutboxRow.recipient == recipient, OutboxRow.id != entry.id
    )
    return session.exec(found.limit(1)).first() is not None


def close(session: Session, notice_id: str, now: datetime, outcome: str) -> None:
    """Close an entry, posted or not; `outcome` is which, and why."""
    notice = session.get_one(OutboxRow, notice_id)
    notice.closed_at, notice.outcome, notice.claimed_until = now, outcome[:200], None
    session.add(notice)


def retry(session: Session, notice_id: str, due_at: datetime) -> None:
    """Release a claimed entry, to be tried again later."""
    notice = session.get_one(OutboxRow, notice_id)
    notice.due_at, notice.claimed_until = due_at, None
    session.add(notice)


def waiting(session: AccountSession, recipient: str) -> list[OutboxEntry]:
    """Return a recipient's entries that were not posted yet, oldest first."""
    found = session.exec(
        select(OutboxRow, Event)
        .join(Event, col(Event.id) == col(OutboxRow.event_id))
        .where(*_waiting(session, recipient))
        .order_by(col(Event.seq))
    )
    return [_due(notice, event) for notice, event in found]


def count_waiting(session: AccountSession, recipient: str) -> int:
    """Return how many entries of a recipient were not posted yet."""
    count = select(func.count()).select_from(OutboxRow).where(*_waiting(session, recipient))
    return session.exec(count).one()


def make_due(session: AccountSession, recipient: str, now: datetime) -> None:
    """Have a recipient's entries tried now, whatever was tried before."""
    session.execute(
        update(OutboxRow).where(*_waiting(session, recipient)).values(due_at=now),
        execution_options={"synchronize_session": False},
    )


def close_all(
    session: AccountSession, notice_ids: Sequence[str], now: datetime, outcome: str
) -> None:
    """Close entries that were not posted; see `close`."""
    session.execute(
        update(OutboxRow)
        .where(
            col(OutboxRow.account_id) == session.account_id,
            col(OutboxRow.id).in_(notice_ids),
            col(OutboxRow.closed_at).is_(None),
        )
        .values(closed_at=now, outcome=outcome[:200], claimed_until=None),
        execution_options={"synchronize_session": False},
    )


def _waiting(session: AccountSession, recipient: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(OutboxRow.account_id) == session.account_id,
        col(OutboxRow.recipient) == recipient,
        col(OutboxRow.closed_at).is_(None),
    )


def _due(notice: OutboxRow, event: Event) -> OutboxEntry:
    return OutboxEntry(
        id=notice.id,
        account_id=notice.account_id,
        kind=notice.kind,
        recipient=notice.recipient,
        data=read_data(notice.data),
        actor=Actor.read(event.actor),
        at=event.at,
        attempts=notice.attempts,
        trace_id=notice.trace_id,
    )
