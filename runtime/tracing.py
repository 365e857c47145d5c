"""Which request a piece of work is for: an id that goes with it into the log and the database.

Whoever begins a piece of work opens a trace; everything that the same thread (or task) does until
it ends belongs to it. On PostgreSQL each statement bears the id in a comment, so that the server's
own log and `pg_stat_activity` name the request as well; the record keeps it beside what was done.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

ID_LENGTH = 12
_BEGAN = "apikeys_began"


@dataclass(slots=True)
class Spent:
    """How often something was asked, and the seconds that it took all together."""

    times: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Trace:
    """One piece of work.

    Attributes:
        id: its name, twelve hexadecimal digits. It tells nothing, and is no secret.
        what: what it is about, in a word; never what somebody typed.
        outcome: how it ended.
        spent: what it took of each of the others, such as `database`.
        began: when, by the monotonic clock.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(ID_LENGTH // 2))
    what: str = ""
    outcome: str = "done"
    spent: dict[str, Spent] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)


_CURRENT: ContextVar[Trace | None] = ContextVar("apikeys_trace", default=None)


def current() -> Trace | None:
    """The work under way here; None between one and the next."""
    return _CURRENT.get()


def current_id() -> str | None:
    """Its id."""
    trace = _CURRENT.get()
    return trace.id if trace is not None else None


@contextmanager
def within(trace: Trace) -> Iterator[Trace]:
    """What is done inside belongs to this piece of work."""
    token = _CURRENT.set(trace)
    try:
        yield trace
    finally:
        _CURRENT.reset(token)


def note(*, what: str | None = None, outcome: str | None = None) -> None:
    """Says more about the work under way, if there is any."""
    trace = _CURRENT.get()
    if trace is not None:
        trace.what = what if what is not None else trace.what
        trace.outcome = outcome if outcome is not None else trace.outcome


def spend(on: str, seconds: float) -> None:
    """Counts something that the work under way waited for."""
    trace = _CURRENT.get()
    if trace is not None:
        spent = trace.spent.setdefault(on, Spent())
        spent.times += 1
        spent.seconds += seconds


def watch(engine: Engine) -> None:
    """Has the engine's statements counted, and on PostgreSQL named.

    The comment's form: https://google.github.io/sqlcommenter/spec/
    """
    named = engine.dialect.name == "postgresql"

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def before(
        connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any
    ) -> tuple[str, Any]:
        trace = _CURRENT.get()
        if trace is None:
            return statement, parameters
        connection.info[_BEGAN] = time.perf_counter()
        return (f"{statement} /*request_id='{trace.id}'*/" if named else statement), parameters

    @event.listens_for(engine, "after_cursor_execute")
    def after(connection: Any, *_more: Any) -> None:
        began = connection.info.pop(_BEGAN, None)
        if began is not None:
            spend("database", time.perf_counter() - began)
