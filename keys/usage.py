"""When each secret was last used, from where, and how often on each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, func
from sqlalchemy import select as select_columns
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlmodel import Session, col

from storage.tables import DailyUse, Secret, SecretUse

# Rows that are handed over at once. One statement for all of them, made once: a statement with a
# thousand rows of values takes longer to make than to carry out, and the interpreter for as long.
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Use:
    """What is known of a secret's uses since they were written last.

    Attributes:
        at: the last one.
        source: the (coarse) address that it came from.
        days: how many there were on each day (UTC).
    """

    at: datetime
    source: str
    days: Mapping[date, int] = field(default_factory=dict)


def record_uses(session: Session, uses: Mapping[str, Use]) -> None:
    """Notes the uses, by secret id.

    Counts are added to those known. A later use that is known already is never set back, and on
    PostgreSQL as on SQLite several gateways may write at once: rows are taken in a fixed order, so
    that they cannot wait for each other in a circle.
    """
    last = [
        {"secret_id": secret_id, "last_used_at": use.at, "last_used_from": use.source[:64]}
        for secret_id, use in sorted(uses.items())
    ]
    days = [
        {"secret_id": secret_id, "day": day, "count": count}
        for secret_id, use in sorted(uses.items())
        for day, count in sorted(use.days.items())
        if count
    ]
    for start in range(0, len(last), _BATCH):
        _write_last(session, last[start : start + _BATCH])
    for start in range(0, len(days), _BATCH):
        _write_days(session, days[start : start + _BATCH])


def by_day(
    session: Session, key_ids: Sequence[str], today: date, days: int = 30
) -> dict[str, list[int]]:
    """How often each key was used on each of the last days (UTC), oldest first, in one query.

    Keys that were not used at all are left out.
    """
    first = today - timedelta(days=days - 1)
    rows = session.execute(
        select_columns(col(Secret.key_id), col(DailyUse.day), func.sum(col(DailyUse.count)))
        .join(Secret, col(Secret.id) == col(DailyUse.secret_id))
        .where(col(Secret.key_id).in_(key_ids), col(DailyUse.day) >= first)
        .group_by(col(Secret.key_id), col(DailyUse.day))
    )
    found: dict[str, list[int]] = {}
    for key_id, day, count in rows:
        place = (day - first).days
        if 0 <= place < days:
            found.setdefault(key_id, [0] * days)[place] += int(count)
    return found


def _write_last(session: Session, rows: list[dict[str, Any]]) -> None:
    insert = _insert(session, SecretUse)
    known, new = col(SecretUse.last_used_at), insert.excluded
    later = new.last_used_at >= known
    session.connection().execute(
        insert.on_conflict_do_update(
            index_elements=["secret_id"],
            set_={
                "last_used_at": case((later, new.last_used_at), else_=known),
                "last_used_from": case(
                    (later, new.last_used_from), else_=col(SecretUse.last_used_from)
                ),
            },
        ),
        rows,
    )


def _write_days(session: Session, rows: list[dict[str, Any]]) -> None:
    insert = _insert(session, DailyUse)
    added = col(DailyUse.count) + insert.excluded.count
    session.connection().execute(
        insert.on_conflict_do_update(index_elements=["secret_id", "day"], set_={"count": added}),
        rows,
    )


def _insert(session: Session, table: type[SecretUse] | type[DailyUse]) -> Any:
    postgresql = session.get_bind().dialect.name == "postgresql"
    return (insert_on_postgresql if postgresql else insert_on_sqlite)(table)
