"""Statements are counted for the current trace, and on PostgreSQL carry its id."""

from __future__ import annotations

from sqlalchemy import text

from runtime import tracing
from storage import open_engine, reading
from tests.databases import open_migrated
from tests.postgresql import Postgresql


def test_statements_are_counted_for_the_current_trace(database_url: str) -> None:
    engine = open_migrated(database_url)
    with tracing.within(tracing.Trace()) as trace, reading(engine) as session:
        # SQLite's transaction begins with a statement of its own.
        session.connection()
        began = trace.spent["database"].times if trace.spent else 0
        session.connection().execute(text("SELECT 1"))
        session.connection().execute(text("SELECT 2"))
    with reading(engine) as session:
        session.connection().execute(text("SELECT 3"))
    engine.dispose()
    assert trace.spent["database"].times - began == 2
    assert trace.spent["database"].seconds > 0
    assert tracing.current() is None


def test_postgresql_sees_the_id_in_a_comment(postgresql: Postgresql) -> None:
    engine = open_engine(postgresql.create("told_the_id"))
    asks = text("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()")
    with tracing.within(tracing.Trace("0123456789ab")), reading(engine) as session:
        named = session.connection().execute(asks).scalar_one()
    with reading(engine) as session:
        plain = session.connection().execute(asks).scalar_one()
    engine.dispose()
    assert named == f"{asks} /*request_id='0123456789ab'*/"
    assert plain == str(asks)
