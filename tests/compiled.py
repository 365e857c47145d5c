"""Statements that one test's engine has compiled serve the engines of the others.

SQLAlchemy compiles a statement once for each engine, and nearly every test has an engine of its
own: it was a third of the time of the tests that have a database.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_STATEMENTS = 2000


@cache
def share_compiled_statements() -> None:
    """Have all engines of this process share what they compile.

    The keys of what is compiled have the engine's dialect in them, so dialects of one kind are
    made equal; `storage.open_engine` makes all of a kind alike.
    """
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        kind.__eq__ = _are_alike  # type: ignore[assignment, method-assign]
        kind.__hash__ = _hash_of_kind  # type: ignore[assignment, method-assign]
    shared: LRUCache[Any, Any] = LRUCache(_STATEMENTS)

    def use_shared(connection: Connection) -> None:
        connection.execution_options(compiled_cache=shared)

    event.listen(Engine, "engine_connect", use_shared)


def _are_alike(one: object, other: object) -> bool:
    return type(one) is type(other)


def _hash_of_kind(one: object) -> int:
    return hash(type(one))
