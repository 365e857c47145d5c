"""Reading PostgreSQL's times that Python cannot represent.

Only a person's own SQL can have written one. It is a module of its own, since only a PostgreSQL
database needs the driver.
"""

from __future__ import annotations

from typing import Any, cast

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format

from storage.tables.types import NO_TIME

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
