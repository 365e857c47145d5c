"""Usage: when and from where each secret was last used, and how often on each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import JSON, case, cast, func, literal, true
from sqlalchemy import select as select_columns
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlmodel import Session, col

from storage.tables import DailyUse, Secret, SecretUse

# Rows per statement. Serializing them blocks the rest of the program for about half a millisecond.
_BATCH = 1_000
SHOWN_DAYS = 30
"""On how many days people are shown how often a key was used."""

_Row = tuple[str | int, ...]


class Use(NamedTuple):
    """A secret's uses since they were last written.

    Attributes:
        at: the time of the last use.
        source: the (coarse) address of the last use.
        days: the number of uses on each day (UTC).
    """

    at: datetime
    source: str
    days: Mapping[date, int] = MappingProxyType({})


def record_uses(session: Session, uses: Mapping[str, Use]) -> None:
    """Record uses, by secret id.

    Counts are added to the stored ones, and a later stored use is never overwritten by an earlier
    one. Several gateways may write at once: rows are locked in a fixed order, which prevents
    deadlocks.
    """
    # In UTC without a zone: SQLite has no type for times, and UtcDateTime reads them that way.
    zone = "+00:00" if _is_postgresql(session) else ""
    last: list[_Row] = []
    days: list[_Row] = []
    for secret_id, use in sorted(uses.items()):
        last.append((secret_id, _format_time(use.at) + zone, use.source[:64]))
        days += [(secret_id, day.isoformat(), n) for day, n in sorted(use.days.items()) if n]
    for start in range(0, len(last), _BATCH):
        _write_last(session, last[start : start + _BATCH])
    for start in range(0, len(days), _BATCH):
        _write_days(session, days[start : start + _BATCH])


def by_day(session: Session, key_ids: Sequence[str], today: date) -> dict[str, list[int]]:
    """Return the number of uses of each key on each of the last 30 days (UTC), oldest first.

    Keys without uses are left out.
    """
    first = today - timedelta(days=SHOWN_DAYS - 1)
    rows = session.execute(
        select_columns(col(Secret.key_id), col(DailyUse.day), func.sum(col(DailyUse.count)))
        .join(Secret, col(Secret.id) == col(DailyUse.secret_id))
        .where(col(Secret.key_id).in_(key_ids), col(DailyUse.day) >= first)
        .group_by(col(Secret.key_id), col(DailyUse.day))
    )
    found: dict[str, list[int]] = {}
    for key_id, day, count in rows:
        index = (day - first).days
        if 0 <= index < SHOWN_DAYS:
            found.setdefault(key_id, [0] * SHOWN_DAYS)[index] += int(count)
    return found


def _write_last(session: Session, rows: Sequence[_Row]) -> None:
    insert = _insert(session, SecretUse, ("secret_id", "last_used_at", "last_used_from"), rows)
    known, new = col(SecretUse.last_used_at), insert.excluded
    later = new.last_used_at >= known
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["secret_id"],
            set_={
                "last_used_at": case((later, new.last_used_at), else_=known),
                "last_used_from": case(
                    (later, new.last_used_from), else_=col(SecretUse.last_used_from)
                ),
            },
        )
    )


def _write_days(session: Session, rows: Sequence[_Row]) -> None:
    insert = _insert(session, DailyUse, ("secret_id", "day", "count"), rows)
    added = col(DailyUse.count) + insert.excluded.count
    session.execute(
        insert.on_conflict_do_update(index_elements=["secret_id", "day"], set_={"count": added})
    )


def _insert(
    session: Session,
    table: type[SecretUse] | type[DailyUse],
    columns: Sequence[str],
    rows: Sequence[_Row],
) -> Any:
    """Build an INSERT of rows that are passed as one JSON text, in their order.

    The database unpacks it: binding each row in Python would delay requests that are being
    answered at the same time.
    """
    packed = literal(rows, JSON)
    if _is_postgresql(session):
        row: Any = func.json_array_elements(packed).column_valued("one")
        types = [getattr(table, name).type for name in columns]
        unpacked = [cast(row.op("->>")(n), of) for n, of in enumerate(types)]
        return insert_on_postgresql(table).from_select(columns, select_columns(*unpacked))
    value = func.json_each(packed).table_valued("value").c.value
    read = select_columns(*(func.json_extract(value, f"$[{n}]") for n in range(len(columns))))
    # Without a WHERE clause SQLite would parse ON CONFLICT as part of a join.
    # Source: https://sqlite.org/lang_upsert.html, "Parsing Ambiguity".
    return insert_on_sqlite(table).from_select(columns, read.where(true()))


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _format_time(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
