"""Find tokens in what is stored, such as a name or note from before such texts were refused.

All columns with text are searched, those of later versions too. The database does the search, and
returns only the rows with a token; a token with other characters inside it is not found. The work
is bounded: of each table only so many rows are searched, from the highest primary key down (the
newest entries of the audit log), and only so many are returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, String, Table, Text, TypeDecorator, cast, or_, select
from sqlmodel import Session, SQLModel, col

from keys.credentials.tokens import PREFIX_MAX, SECRET_LENGTH, TOKEN_MAX, redact, whole_in
from keys.leaks.detection import is_working
from storage.tables import Key, Secret

# A shorter column has no room for a token.
_LENGTH_MIN = TOKEN_MAX - PREFIX_MAX + 1
_CHAR = "[0-9A-Za-z]"
_REGEX = f"_{_CHAR}{{{SECRET_LENGTH}}}"
_GLOB = "*_" + _CHAR * SECRET_LENGTH + "*"


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A row with at least one token in its texts; the token itself is not repeated.

    Attributes:
        table, columns: where it is stored.
        row: the row's primary key, such as a key's id.
        works: the ids of the keys whose token it is and works.
        known: the ids of all keys whose token it is.
    """

    table: str
    columns: tuple[str, ...]
    row: str
    works: tuple[str, ...]
    known: tuple[str, ...]


def stored_tokens(
    session: Session, now: datetime, *, rows_max: int = 1_000_000, found_max: int = 10_000
) -> Iterator[StoredToken]:
    """Yield the rows with a token in a text, of all accounts.

    Args:
        rows_max: how many rows of each table to search at most.
        found_max: how many rows of each table to return at most.
    """
    for table, columns in _searched():
        keys = list(table.primary_key.columns)
        order = [key.desc() for key in keys]
        some = select(*dict.fromkeys((*keys, *columns))).order_by(*order).limit(rows_max).subquery()
        matching = or_(*(_has_secret(session, some.c[column.key]) for column in columns))
        for row in session.execute(select(some).where(matching).limit(found_max)).mappings():
            texts = {column.name: str(row[column.key] or "") for column in columns}
            if found := {name: text for name, text in texts.items() if redact(text) != text}:
                row_id = " ".join(str(row[key.key]) for key in keys)
                yield _stored_token(session, table.name, row_id, found, now)


def searched_columns() -> frozenset[str]:
    """Return the columns that are searched, such as `keys.note`."""
    return frozenset(f"{table}.{column.name}" for table, all_ in _searched() for column in all_)


def _searched() -> Iterator[tuple[Table, list[Column[Any]]]]:
    for table in SQLModel.metadata.sorted_tables:
        if columns := [column for column in table.columns if _holds_text(column)]:
            yield table, columns


def _holds_text(column: Column[Any]) -> bool:
    kind = column.type
    # SQLModel's own type for text wraps SQLAlchemy's.
    kind = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return isinstance(kind, String) and (kind.length is None or kind.length >= _LENGTH_MIN)


def _stored_token(
    session: Session, table: str, row: str, found: Mapping[str, str], now: datetime
) -> StoredToken:
    known = list(_keys(session, found.values()))
    return StoredToken(
        table=table,
        columns=tuple(found),
        row=row,
        works=tuple(sorted({key.id for secret, key in known if is_working(secret, key, now)})),
        known=tuple(sorted({key.id for _, key in known})),
    )


def _has_secret(session: Session, column: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a text has a secret in it; `redact` looks for the same."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(column, Text).regexp_match(_REGEX)
    return column.op("GLOB", is_comparison=True)(_GLOB)


def _keys(session: Session, texts: Iterable[str]) -> Iterator[tuple[Secret, Key]]:
    """Yield the secrets of ours with the tokens' public ids, with their keys."""
    public_ids = {token.public_id for text in texts for token in whole_in(text)}
    wanted = select(Secret, Key).join(Key, col(Key.id) == col(Secret.key_id))
    for row in session.execute(wanted.where(col(Secret.public_id).in_(public_ids))):
        yield row[0], row[1]
