"""The activity digest: counts of keys and events since the last one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import col, func, select

from keys.base.models import State
from keys.changes.change import Change
from keys.reviews.events import DigestPosted
from keys.search.filters import KeyFilter, conditions
from keys.usage.activity import Activity, has_activity
from storage import AccountSession
from storage.tables import Event, Key


def post(change: Change, since: datetime) -> None:
    """Record the digest of everything since then; it is posted to the team's channel."""
    change.record(DigestPosted(digest(change.session, since, change.now)))


def digest(session: AccountSession, since: datetime, now: datetime) -> dict[str, Any]:
    """Count the keys created and revoked since then, and the state of those that work now."""
    mine = (col(Key.account_id) == session.account_id, col(Key.state) == State.ACTIVE)

    def count(*more: Any) -> int:
        return int(session.exec(select(func.count()).select_from(Key).where(*mine, *more)).one())

    def happened(kind: str) -> int:
        query = select(func.count()).select_from(Event)
        wanted = (
            Event.account_id == session.account_id,
            Event.kind == kind,
            col(Event.at) >= since,
        )
        return int(session.exec(query.where(*wanted)).one())

    return {
        "since": since.isoformat(timespec="seconds"),
        "total": count(),
        "made": happened("key.issued"),
        "revoked": happened("key.revoked"),
        "expiring": count(*conditions(KeyFilter.EXPIRING, "", now)),
        "idle": count(has_activity(Activity.IDLE, now)),
        "never_used": count(has_activity(Activity.NEVER_USED, now)),
    }
