"""Times in a database that are none in Python, which only a person's own SQL can have written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What a text that is no time counts as, and a time that calendars cannot calculate with.

SQLite stores anything in any column, and PostgreSQL has times before the year 1 and after 9999, and
two that are infinite. One row that a person has spoilt must not keep a program from reading the
others; its seal does not hold, so nothing is decided by it, and `apikeys db verify` names it.
"""
_TIMESTAMPTZ = types["timestamptz"].oid
_OF_DRIVER = cast("type[Loader]", psycopg.adapters.get_loader(_TIMESTAMPTZ, Format.TEXT))


class _AnyTime(Loader):
    """The driver's reading of a time, which raises no error."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._load = _OF_DRIVER(oid, context).load

    def load(self, data: Buffer) -> Any:
        try:
            return self._load(data)
        except psycopg.DataError:
            return NO_TIME


def read_any_time(connection: psycopg.Connection[Any]) -> None:
    """Have a connection return `NO_TIME` for what Python cannot represent, and raise no error."""
    connection.adapters.register_loader(_TIMESTAMPTZ, _AnyTime)
