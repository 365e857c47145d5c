"""Trace a request: an id that follows it into the log and the database, and where its time went.

The code that starts a piece of work opens a trace; everything that the same thread (or task) does
until the trace closes belongs to it. `storage.statement_metrics` counts a trace's statements and
puts its id into them on PostgreSQL; the audit log stores the id with each entry.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

ID_LENGTH = 12


@dataclass(slots=True)
class Spent:
    """How many calls a piece of work made to something, and their total time in seconds."""

    times: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Trace:
    """One piece of work, such as a request or a job.

    Attributes:
        id: twelve random hexadecimal digits; not a secret.
        what: what the work is, in one word; never text that a user typed.
        outcome: how the work ended.
        spent: calls and time by dependency, such as `database`.
        started: start time, by the monotonic clock.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(ID_LENGTH // 2))
    what: str = ""
    outcome: str = "done"
    spent: dict[str, Spent] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)


_CURRENT: ContextVar[Trace | None] = ContextVar("apikeys_trace", default=None)


def current() -> Trace | None:
    """Return the trace of the current thread or task; None if there is none."""
    return _CURRENT.get()


def current_id() -> str | None:
    """Return the id of the current trace; None if there is none."""
    trace = _CURRENT.get()
    return trace.id if trace is not None else None


@contextmanager
def within(trace: Trace) -> Iterator[Trace]:
    """Make this trace the current one inside the `with` block."""
    token = _CURRENT.set(trace)
    try:
        yield trace
    finally:
        _CURRENT.reset(token)


def annotate(*, what: str | None = None, outcome: str | None = None) -> None:
    """Set what the current trace is about and how it ended; None leaves a value as it is."""
    trace = _CURRENT.get()
    if trace is not None:
        trace.what = what if what is not None else trace.what
        trace.outcome = outcome if outcome is not None else trace.outcome


def spend(on: str, seconds: float) -> None:
    """Add one call and its seconds to the current trace."""
    trace = _CURRENT.get()
    if trace is not None:
        spent = trace.spent.setdefault(on, Spent())
        spent.times += 1
        spent.seconds += seconds
