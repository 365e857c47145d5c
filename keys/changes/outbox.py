"""The outbox: messages that must follow a change are stored with it, and tried until they are
posted.

An entry is written in the same transaction as the change it is about, so a crash can lose neither
alone. A bot claims an entry for a limited time before it posts it, so that several bots can share
the work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, or_, select

from keys.base.actors import Actor
from keys.base.ids import new_id
from storage import AccountSession
from storage.tables import Event, OutboxRow

TEAM = "team"


def to_person(user_id: str) -> str:
    """The audience that is one person."""
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
    """Put a message in the outbox, due at once. The event must be in the record already."""
    if event.id is None:
        raise ValueError("the event has no place in the record yet")
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


def claim(session: AccountSession, now: datetime, claim_ttl: timedelta) -> OutboxEntry | None:
    """Take the oldest notice that is due; nobody else gets it until the lease is over."""
    found = session.exec(
        select(OutboxRow, Event)
        .join(Event, col(Event.id) == col(OutboxRow.event_id))
        .where(
            OutboxRow.account_id == session.account_id,
            col(OutboxRow.closed_at).is_(None),
            col(OutboxRow.due_at) <= now,
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


def close(session: Session, notice_id: str, now: datetime, outcome: str) -> None:
    """Mark a notice as said, or as given up; `outcome` says which and why."""
    notice = session.get_one(OutboxRow, notice_id)
    notice.closed_at, notice.outcome, notice.claimed_until = now, outcome[:200], None
    session.add(notice)


def retry(session: Session, notice_id: str, due_at: datetime) -> None:
    """Give a claimed notice back, to be tried again later."""
    notice = session.get_one(OutboxRow, notice_id)
    notice.due_at, notice.claimed_until = due_at, None
    session.add(notice)


def _due(notice: OutboxRow, event: Event) -> OutboxEntry:
    return OutboxEntry(
        id=notice.id,
        account_id=notice.account_id,
        kind=notice.kind,
        recipient=notice.recipient,
        data=json.loads(notice.data),
        actor=Actor.read(event.actor),
        at=event.at,
        attempts=notice.attempts,
        trace_id=notice.trace_id,
    )
