"""Seals: a keyed hash on every row from which a decision is taken.

A person who can write to the database, but has not the pepper, can change a row and cannot seal it.
So whatever such a row says is not believed: its key is refused, its token is not delivered, and it
cannot be changed any further but towards a refusal (`keys.credentials.peppers` has the keys, and
docs/security.md says what this holds against).

Every change of a key, or of one of its secrets, increases the key's revision, by one in each
transaction, and all rows of the key are sealed with it. An entry of the audit log has the revision
that it led to (`keys.changes.audit_log`). A row that was put back as it was, with its genuine
seal, has a revision that the audit log has left behind.

Rows are sealed when the session writes them (storage.seal_writes). Code that writes them in bulk
calls `seal_row`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from sqlalchemy import Engine, inspect, text
from sqlmodel import Session, SQLModel

from runtime.errors import Tampered
from storage.tables import (
    AccessRequest,
    Account,
    Delivery,
    Event,
    Key,
    OffboardingKey,
    Rotation,
    Secret,
)
from storage.tables.audit_log import OF_KEY

SEAL_MAX = 40
"""The size of a seal in bytes, at most."""

SEAL_VERSION = 4
"""The size in bytes of a seal's beginning, which is the version of its pepper."""

_OPTION = "apikeys_sealer"
# What the transaction of a session has done so far: the keys whose revision it has increased.
REVISED = "apikeys_revised"
# And the revisions that the audit log has entries of.
RECORDED = "apikeys_recorded"


class Sealer(Protocol):
    """Makes and checks seals; see keys.credentials.peppers."""

    def seal(self, content: bytes) -> bytes:
        """Return the seal of a row's content."""
        ...

    def is_genuine(self, content: bytes, seal: bytes | None) -> bool:
        """Return whether a seal is that of a content. Compares in constant time."""
        ...


# What is not sealed: it decides nothing, and changes without the account's lock.
_LEFT_OUT: Mapping[type[SQLModel], frozenset[str]] = {
    Account: frozenset({"name", "channel_id"}),
    Key: frozenset({"search"}),
    Secret: frozenset(),
    AccessRequest: frozenset(),
    Delivery: frozenset({"claimed_until", "attempts"}),
    Rotation: frozenset({"warned_at"}),
    OffboardingKey: frozenset({"claimed_until", "problem"}),
    # The hash covers all the rest of an entry.
    Event: frozenset({"id", "at", "kind", "actor", "data", "previous", "request_id"}),
}
ADDED_LATER: Mapping[str, str] = {"access_requests": "last_day"}
"""The column of a table that came after its seals, and is the last one that they cover.

It is part of the content only where it has a value, so what was sealed before it is genuine still.
A value that was removed or added by hand is noticed: the content has one value less or more.
"""
# A secret's seal also covers what its key decides, so that a verification needs only this one.
_OF_KEY = (
    "id", "account_id", "state", "name", "owner", "scopes", "expires_at", "rate_limit", "networks",
    "revision",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SealedTable:
    """What the seals of a table cover.

    Attributes:
        columns: the names of the columns, in the order of the content.
        attributes: the names of their attributes.
        of_key: the columns of its key that follow them; only a secret has some.
    """

    name: str
    columns: tuple[str, ...]
    attributes: tuple[str, ...]
    of_key: tuple[str, ...] = ()


def _sealed_table(table: type[SQLModel], left_out: frozenset[str]) -> SealedTable:
    mapper = inspect(table)
    columns = [
        column
        for column in mapper.local_table.columns
        if column.name != "seal" and column.name not in left_out
    ]
    return SealedTable(
        str(table.__tablename__),
        tuple(column.name for column in columns),
        tuple(mapper.get_property_by_column(column).key for column in columns),
        _OF_KEY if table is Secret else (),
    )


SEALED: Mapping[type[SQLModel], SealedTable] = {
    table: _sealed_table(table, left_out) for table, left_out in _LEFT_OUT.items()
}
"""The tables whose rows are sealed."""


def plain(value: Any) -> Any:
    """Return a value in the form that SQLite returns it in, which is the same on every database."""
    if value is None or type(value) in (str, int, bytes):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return int(value)
    # What a person has written by hand.
    return repr(value)


def stored_time(text: str) -> datetime:
    """Return the time that `plain` has written. Raises ValueError for anything else."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def content(table: str, values: Iterable[Any]) -> bytes:
    """Return what a seal covers: the table's name and the values."""
    return plain_content(table, tuple(map(plain, values)))


def plain_content(table: str, values: tuple[Any, ...]) -> bytes:
    """Return the same for values as SQLite returns them, in a third of the time.

    An empty column that was added later is left out. Python's `ascii` writes texts, numbers, bytes
    and None unambiguously, in every version alike.
    """
    if table in ADDED_LATER and values[-1] is None:
        values = values[:-1]
    return f"{table}{values!a}".encode("ascii")


def content_of(session: Session, row: SQLModel, *, before: bool = False) -> bytes:
    """Return what the seal of a row covers.

    Args:
        before: whether it is the row as it was read, without the changes since.
    """
    sealed = SEALED[type(row)]
    values = _values(row, sealed.attributes, before)
    if isinstance(row, Secret):
        values += _values(key_of(session, row.key_id), sealed.of_key, before)
    return content(sealed.name, values)


def _values(row: SQLModel, attributes: Iterable[str], before: bool) -> list[Any]:
    read = inspect(row).committed_state if before else {}
    return [read.get(name, getattr(row, name)) for name in attributes]


def recorded(session: Session, key_id: str) -> tuple[int, bool]:
    """Return what the audit log has of a stored key; see `storage.tables.audit_log.OF_KEY`."""
    of_key = text(f"SELECT {', '.join(OF_KEY)} FROM keys WHERE id = :id")  # noqa: S608
    newest, is_ended = session.connection().execute(of_key, {"id": key_id}).one()
    return newest, bool(is_ended)


def key_of(session: Session, key_id: str) -> Key:
    """Return a key, which this transaction may just have added."""
    found = session.get(Key, key_id)
    return found or next(row for row in session.new if isinstance(row, Key) and row.id == key_id)


def bind(engine: Engine, sealer: Sealer) -> None:
    """Have all sessions of an engine, opened from now on, seal with this sealer."""
    engine.update_execution_options(**{_OPTION: sealer})


def sealer_of(session: Session) -> Sealer:
    """Return the sealer of a session's database.

    Raises:
        RuntimeError: if there is none.
    """
    found = session.get_bind().get_execution_options().get(_OPTION)
    if found is None:
        raise RuntimeError("nothing seals the rows of this database: call storage.seals.bind")
    return cast(Sealer, found)


def is_genuine(session: Session, row: Any) -> bool:
    """Return whether a row is as this program wrote it, apart from changes not yet written."""
    return sealer_of(session).is_genuine(content_of(session, row), row.seal)


def require_genuine(session: Session, row: Any) -> None:
    """Return if a row is as this program wrote it.

    Raises:
        Tampered: if not.
    """
    if not is_genuine(session, row):
        raise tampered(row)


def tampered(row: SQLModel) -> Tampered:
    """Return the error that says where a row is that something else has written."""
    key = inspect(row).identity or inspect(type(row)).primary_key_from_instance(row)
    return Tampered(SEALED[type(row)].name, " ".join(map(str, key)))


def seal_row(
    sealer: Sealer,
    table: type[SQLModel],
    row: dict[str, Any],
    key: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Seal a row that is written in bulk; return it.

    Args:
        row: by the columns' names in the database; what is missing gets its default.
        key: the row of a secret's key, which is sealed already.
    """
    sealed = SEALED[table]
    for column, attribute in zip(sealed.columns, sealed.attributes, strict=True):
        if column not in row:
            row[column] = table.model_fields[attribute].get_default()
    values = [row[name] for name in sealed.columns]
    values += [(key or {})[name] for name in sealed.of_key]
    row["seal"] = sealer.seal(content(sealed.name, values))
    return row


def note_revision(session: Session, key_id: str, revision: int) -> None:
    """Note that this transaction has written a key in bulk, with this revision."""
    session.info.setdefault(REVISED, {})[key_id] = revision


def note_recorded(session: Session, key_id: str, revision: int | None) -> None:
    """Note that the audit log has an entry of this transaction about a key, with its revision."""
    if revision is not None:
        session.info.setdefault(RECORDED, {})[key_id] = revision


def unrecorded(session: Session) -> set[str]:
    """Return the keys that this transaction has changed and that no entry says so of."""
    revised, recorded = session.info.get(REVISED, {}), session.info.get(RECORDED, {})
    return {key for key, revision in revised.items() if recorded.get(key) != revision}


def revision_of(session: Session, key_id: str) -> int | None:
    """Return the key's new revision, if this transaction has changed the key; else None."""
    revised: dict[str, int] = session.info.get(REVISED, {})
    return revised.get(key_id)
