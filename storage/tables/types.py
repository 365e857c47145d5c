"""Column types that mean the same on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What a text that is no time counts as, and a time that calendars cannot calculate with.

SQLite stores anything in any column, and PostgreSQL has times before the year 1 and after 9999, and
two that are infinite. One row that a person has spoilt must not keep a program from reading the
others; its seal does not hold, so nothing is decided by it, and `apikeys db verify` names it.
"""
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class _AnyTime(sqlite.DATETIME):
    """SQLite's type, which returns whatever it finds as a time."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return the function that reads a stored value."""
        return _read_time


def _read_time(stored: Any) -> datetime | None:
    if stored is None:
        return None
    try:
        found = datetime.fromisoformat(stored)
        return found.replace(tzinfo=found.tzinfo or UTC)
    except (TypeError, ValueError):
        return NO_TIME


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC; times without a zone are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database has."""
        if dialect.name != "sqlite":
            return dialect.type_descriptor(self.impl_instance)
        return dialect.type_descriptor(_AnyTime())  # type: ignore[no-untyped-call]  # SQLAlchemy's

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Convert a time to UTC; without a zone on SQLite, which does not support them."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return a stored time in UTC."""
        if value is None:
            return None
        try:
            value = value.astimezone(UTC)
        except OverflowError:
            return NO_TIME
        return value if NO_TIME <= value <= _LATEST else NO_TIME
