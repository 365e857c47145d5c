"""Exporting keys, without tokens or digests.

The export is logged first (keys.transfer.operations.Export); only then are the keys read.

Keys are read in batches from one snapshot of the database, so that an export of 100,000 keys is
consistent and does not fill the memory.

A spreadsheet runs a cell as a formula if it begins with certain characters, and people choose the
names of keys. Such cells are prefixed with an apostrophe, which marks text, and every cell is
quoted. JSON needs neither. In both, hidden characters are escaped (`runtime.display`): in JSON so
that a program reads the very same text, in CSV so that a person sees them.
Source: OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, tuple_
from sqlmodel import col, select

from keys.base.models import KeyView, State
from keys.base.rows import views
from keys.transfer.formats import Form
from runtime.display import visible, visible_json
from storage import AccountSession
from storage.tables import Key

COLUMNS = (
    "id",
    "name",
    "state",
    "hint",
    "scopes",
    "owner",
    "backup_owner",
    "creator",
    "note",
    "created_at",
    "expires_at",
    "last_used_at",
    "last_used_from",
    "rate_limit",
    "networks",
    "revoked_at",
    "revoked_by",
    "revoked_reason",
    "external_id",
)
# OWASP's list, including the full-width forms that spreadsheets treat alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_AT_ONCE = 1_000

Row = dict[str, Any]


def count(session: AccountSession, *, revoked: bool) -> int:
    """Return the number of keys to export."""
    wanted = select(func.count()).select_from(Key).where(Key.account_id == session.account_id)
    return int(session.exec(wanted.where(col(Key.state).in_(_states(revoked)))).one())


def rows(session: AccountSession, now: datetime, *, revoked: bool) -> Iterator[Row]:
    """Yield the keys by name, revoked ones last, as JSON-compatible rows.

    Args:
        session: a session that was not used yet; it is set to read one snapshot.
        revoked: whether to include revoked keys.
    """
    if session.get_bind().dialect.name == "postgresql":
        # On SQLite every transaction reads one snapshot.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    # One state after the other, like the index; otherwise each page would read all rows before it.
    for state in _states(revoked):
        yield from _rows(session, state, now)


def _rows(session: AccountSession, state: State, now: datetime) -> Iterator[Row]:
    order = (col(Key.name_folded), col(Key.id))
    wanted = select(Key).where(Key.account_id == session.account_id, Key.state == state)
    query = wanted.order_by(*order).limit(_AT_ONCE)
    some = session.exec(query).all()
    while some:
        for key, seen in zip(some, views(session, some), strict=True):
            yield row(seen, key.external_id, now)
        after = (some[-1].name_folded, some[-1].id)
        # Free the rows that were written.
        session.expunge_all()
        some = session.exec(query.where(tuple_(*order) > after)).all()


def serialize(form: Form, exported: Iterable[Row]) -> Iterator[str]:
    """Yield the export as text."""
    return _csv(exported) if form is Form.CSV else _json(exported)


def cell(value: Any) -> str:
    """Return a value as a CSV cell that hides nothing and that no spreadsheet runs as a formula."""
    if value is None:
        return ""
    text = visible(" ".join(value) if isinstance(value, list) else str(value), multiline=True)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(exported: Iterable[Row]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in exported:
        yield _taken(buffer)
        writer.writerow([cell(row[column]) for column in COLUMNS])
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _json(exported: Iterable[Row]) -> Iterator[str]:
    before = "["
    for row in exported:
        yield f"{before}\n{visible_json(row)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _states(revoked: bool) -> tuple[State, ...]:
    return (State.ACTIVE, State.REVOKED) if revoked else (State.ACTIVE,)


def row(key: KeyView, external_id: str | None, now: datetime) -> Row:
    """Return all data about a key, except for tokens and digests, as a JSON-compatible row."""
    expired = key.state is State.ACTIVE and key.expired(now)
    values: Mapping[str, Any] = {
        "id": key.id,
        "name": key.name,
        "state": "expired" if expired else key.state,
        "hint": key.hint,
        "scopes": list(key.scopes),
        "owner": key.owner,
        "backup_owner": key.backup_owner,
        "creator": str(key.creator),
        "note": key.note,
        "created_at": _format_time(key.created_at),
        "expires_at": _format_time(key.expires_at),
        "last_used_at": _format_time(key.last_used_at),
        "last_used_from": key.last_used_from,
        "rate_limit": key.rate_limit,
        "networks": list(key.networks),
        "revoked_at": _format_time(key.revoked_at),
        "revoked_by": str(key.revoked_by) if key.revoked_by else None,
        "revoked_reason": key.revoked_reason,
        "external_id": external_id,
    }
    return {column: values[column] for column in COLUMNS}


def _format_time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
