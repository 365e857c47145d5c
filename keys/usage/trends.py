"""Trends: the number of keys and their uses, by week."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select as select_columns
from sqlmodel import col, func

from keys.base.models import State
from keys.usage.activity import works_since
from storage import AccountSession
from storage.tables import DailyUse, Key, Secret

WEEKS = 52
_LIVED = (State.ACTIVE, State.REVOKED)


@dataclass(frozen=True, slots=True)
class Week:
    """One week.

    Attributes:
        last: its last day (UTC).
        keys: the number of keys that worked at its end.
        uses: the number of uses in it.
    """

    last: date
    keys: int
    uses: int


def weeks(session: AccountSession, today: date, count: int = WEEKS) -> list[Week]:
    """Return the last weeks, oldest first; the last one ends today."""
    lasts = [today - timedelta(weeks=count - 1 - number) for number in range(count)]
    starts, ended = _lives(session)
    uses = _uses(session, lasts[0] - timedelta(days=6))
    found = []
    for last in lasts:
        end = datetime.combine(last + timedelta(days=1), time(), UTC)
        working = bisect_right(starts, end) - bisect_right(ended, end)
        used = sum(uses.get(last - timedelta(days=back), 0) for back in range(7))
        found.append(Week(last, working, used))
    return found


def _lives(
    session: AccountSession,
) -> tuple[list[datetime], list[datetime]]:
    """Return the start times and the end times of keys, each sorted."""
    rows = session.execute(
        select_columns(
            works_since(),
            col(Key.revoked_at),
            col(Key.expires_at),
        ).where(col(Key.account_id) == session.account_id, col(Key.state).in_(_LIVED))
    ).all()
    starts = sorted(start for start, _, _ in rows)
    ends = [min((at for at in (gone, dated) if at), default=None) for _, gone, dated in rows]
    return starts, sorted(end for end in ends if end is not None)


def _uses(session: AccountSession, first: date) -> dict[date, int]:
    rows = session.execute(
        select_columns(col(DailyUse.day), func.sum(DailyUse.count))
        .join(Secret, col(Secret.id) == col(DailyUse.secret_id))
        .where(col(Secret.account_id) == session.account_id, col(DailyUse.day) >= first)
        .group_by(col(DailyUse.day))
    )
    return {day: int(count) for day, count in rows}
