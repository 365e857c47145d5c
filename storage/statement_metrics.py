"""Counting each trace's SQL statements, and adding the trace's id to them on PostgreSQL.

The id is in a comment, so PostgreSQL's log and `pg_stat_activity` show the request as well.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Engine, event

from runtime import tracing

_STARTED = "apikeys_began"


def watch(engine: Engine) -> None:
    """Count an engine's statements from now on; see `runtime.tracing`.

    The format of the comment: https://google.github.io/sqlcommenter/spec/
    """
    commented = engine.dialect.name == "postgresql"

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def before(
        connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any
    ) -> tuple[str, Any]:
        trace = tracing.current()
        if trace is None:
            return statement, parameters
        connection.info[_STARTED] = time.perf_counter()
        if commented:
            statement = f"{statement} /*request_id='{trace.id}'*/"
        return statement, parameters

    @event.listens_for(engine, "after_cursor_execute")
    def after(connection: Any, *_more: Any) -> None:
        started = connection.info.pop(_STARTED, None)
        if started is not None:
            tracing.spend("database", time.perf_counter() - started)
