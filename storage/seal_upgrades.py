"""Seal many rows: once those of a version without seals, and all after the pepper was replaced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    bindparam,
    func,
    inspect,
    null,
    select,
    tuple_,
    update,
)
from sqlmodel import Session, SQLModel

from storage.seals import SEAL_VERSION, SEALED, Sealer, content
from storage.tables import Key, Secret

_AT_ONCE = 5_000


def seal_existing(connection: Connection, sealer: Sealer) -> int:
    """Seal all rows of all tables, as a database of the version before needs it once.

    Returns:
        How many rows were sealed.
    """
    return sum(_seal_table(connection, sealer, table) for table in SEALED)


@dataclass(frozen=True, slots=True)
class Position:
    """How far `seal_again` has come.

    Attributes:
        tables: how many tables are finished.
        after: the primary key of the last row of the next one; None for its beginning.
    """

    tables: int = 0
    after: tuple[Any, ...] | None = None


def seal_again(
    connection: Connection, sealer: Sealer, at_most: int, start: Position | None = None
) -> tuple[int, Position | None]:
    """Seal rows with the current pepper that a former one has sealed, and that are genuine.

    Each is only replaced if it has not changed meanwhile; others are passed over.

    Args:
        at_most: how many rows to look at.
        start: where to go on; None for the beginning.

    Returns:
        How many were sealed, and where to go on; None once all tables are finished.
    """
    position, left, sealed = start or Position(), at_most, 0
    tables = list(SEALED)
    while left > 0 and position.tables < len(tables):
        rows, again, last = _seal_batch(
            connection, sealer, tables[position.tables], left, position.after
        )
        finished = rows < left
        position = Position(position.tables + 1) if finished else Position(position.tables, last)
        left, sealed = left - rows, sealed + again
    return sealed, (position if position.tables < len(tables) else None)


def _seal_batch(
    connection: Connection,
    sealer: Sealer,
    table: type[SQLModel],
    at_most: int,
    after: tuple[Any, ...] | None,
) -> tuple[int, int, tuple[Any, ...] | None]:
    """Return how many rows were read and how many sealed, and the primary key of the last."""
    whole = inspect(table).local_table
    key = list(whole.primary_key.columns)
    columns, source = _covered(table)
    query = (
        select(*columns, whole.c.seal, *key)
        .select_from(source)
        .where(sealed_by_others(whole.c.seal, sealer))
        .order_by(*key)
        .limit(at_most)
    )
    if connection.dialect.name == "sqlite":
        # Ids are ASCII. No batch could begin after a text that is no UTF-8: it is read as another.
        for column in key:
            is_ascii = ~func.glob("*[^ -~]*", column) & (func.instr(column, func.char(0)) == 0)
            query = query.where(is_ascii)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    found = connection.execute(query).all()
    width, sealed = len(columns), 0
    for row in found:
        covered, seal = content(SEALED[table].name, row[:width]), row[width]
        if not sealer.is_genuine(covered, seal):
            continue
        same = zip(key, row[width + 1 :], strict=True)
        connection.execute(
            update(whole)
            .where(whole.c.seal == seal, *(column == value for column, value in same))
            .values(seal=sealer.seal(covered))
        )
        sealed += 1
    return len(found), sealed, tuple(found[-1][width + 1 :]) if found else after


def _covered(
    table: type[SQLModel], missing: Collection[str] = ()
) -> tuple[Sequence[ColumnElement[Any]], FromClause]:
    """Return the columns that the seals of a table cover, and where they are.

    Args:
        missing: the columns that a later migration adds; they are empty.
    """
    sealed, whole = SEALED[table], inspect(table).local_table
    columns: list[ColumnElement[Any]] = [
        null().label(name) if name in missing else whole.c[name] for name in sealed.columns
    ]
    if table is not Secret:
        return columns, whole
    keys = inspect(Key).local_table
    return [*columns, *(keys.c[name] for name in sealed.of_key)], whole.join(keys)


def sealed_by_others(seal: Any, sealer: Sealer) -> ColumnElement[bool]:
    """Return the condition of rows whose seal is not by the current pepper."""
    return _version_of(seal) != sealer.seal(b"")[:SEAL_VERSION]


def is_in_use(session: Session, version: int) -> bool:
    """Return whether any row is sealed with this version of the pepper."""
    wanted = version.to_bytes(SEAL_VERSION)
    return any(
        session.connection()
        .execute(select(1).where(_version_of(inspect(table).local_table.c.seal) == wanted).limit(1))
        .first()
        is not None
        for table in SEALED
    )


def _version_of(seal: Any) -> ColumnElement[bytes]:
    return func.substr(seal, 1, SEAL_VERSION)


def _seal_table(connection: Connection, sealer: Sealer, table: type[SQLModel]) -> int:
    sealed, whole = SEALED[table], inspect(table).local_table
    key = list(whole.primary_key.columns)
    present = {column["name"] for column in inspect(connection).get_columns(sealed.name)}
    columns, source = _covered(table, set(sealed.columns) - present)
    rows = connection.execute(select(*columns, *key).select_from(source).order_by(*key)).all()
    width = len(columns)
    where = and_(*(column == bindparam(f"at_{n}") for n, column in enumerate(key)))
    statement = update(whole).where(where).values(seal=bindparam("sealed"))
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(
            statement,
            [
                {"sealed": sealer.seal(content(sealed.name, row[:width]))}
                | {f"at_{n}": value for n, value in enumerate(row[width:])}
                for row in rows[start : start + _AT_ONCE]
            ],
        )
    return len(rows)
