"""Waiting until every gateway knows of a change, and saying how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from keys.changes import gateways
from runtime.clock import Clock
from storage import reading

# The first looks follow closely, since gateways usually confirm within some milliseconds.
_PAUSE, _PAUSE_MAX = 0.002, 0.25


@dataclass(frozen=True, slots=True)
class Propagation:
    """How far a change has come.

    Attributes:
        running: how many gateways run.
        waiting: the names of those that have not confirmed.
        seconds: how long ago the change was committed, when this was seen.
    """

    running: int
    waiting: tuple[str, ...]
    seconds: float

    @property
    def everywhere(self) -> bool:
        """Whether every gateway that runs has confirmed."""
        return not self.waiting

    @property
    def confirmed(self) -> int:
        """How many have."""
        return self.running - len(self.waiting)


def watch(
    engine: Engine,
    clock: Clock,
    fence: str,
    *,
    for_seconds: float,
    since: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Propagation:
    """Looks until every gateway has confirmed, or the time is up. Blocks.

    Args:
        for_seconds: how long to look at the most.
        since: when the change was committed, on the clock's monotonic scale.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    for pause in _pauses():
        with reading(engine) as session:
            seen = gateways.look(session, fence, clock.now())
        spread = Propagation(len(seen.running), seen.waiting, clock.monotonic() - since)
        if spread.everywhere or spread.seconds >= for_seconds:
            return spread
        sleep(pause)
    raise AssertionError("pauses never end")


def _pauses() -> Iterator[float]:
    pause = _PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _PAUSE_MAX)


def describe(spread: Propagation) -> str:
    """One or two sentences about it, for people."""
    if not spread.running:
        return "No gateway is running right now."
    took = duration(spread.seconds)
    if spread.everywhere:
        return f"{_confirmed(spread)} in {took}."
    return f"{_confirmed(spread)}. {_silent(spread)} for {took}."


def describe_pending(spread: Propagation) -> str:
    """The same without the time, for a message that is redrawn only when something has changed."""
    return f"{_confirmed(spread)}. {_silent(spread)}."


def _confirmed(spread: Propagation) -> str:
    gateways_word = "gateway" if spread.running == 1 else "gateways"
    return f"{spread.confirmed} of {spread.running} {gateways_word} confirmed"


def _silent(spread: Propagation) -> str:
    verb = "has" if len(spread.waiting) == 1 else "have"
    return f"{' and '.join(spread.waiting)} {verb} not answered"


def duration(seconds: float) -> str:
    """A length of time in words, such as `41 ms` or `3.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
