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
    """Look until every gateway has confirmed, or the time is up. Blocks.

    Args:
        for_seconds: how long to look at the most.
        since: when the change was committed, on the clock's monotonic scale.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    for pause in _pauses():
        with reading(engine) as session:
            confirmed = gateways.look(session, fence, clock.now())
        propagation = Propagation(
            len(confirmed.running), confirmed.waiting, clock.monotonic() - since
        )
        if propagation.everywhere or propagation.seconds >= for_seconds:
            return propagation
        sleep(pause)
    raise AssertionError("pauses never end")


def _pauses() -> Iterator[float]:
    pause = _PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _PAUSE_MAX)


def describe(propagation: Propagation) -> str:
    """One or two sentences about it, for people."""
    if not propagation.running:
        return "No gateway is running right now."
    took = duration(propagation.seconds)
    if propagation.everywhere:
        return f"{_confirmed(propagation)} in {took}."
    return f"{_confirmed(propagation)}. {_silent(propagation)} for {took}."


def describe_pending(propagation: Propagation) -> str:
    """The same without the time, for a message that is redrawn only when something has changed."""
    return f"{_confirmed(propagation)}. {_silent(propagation)}."


def _confirmed(propagation: Propagation) -> str:
    gateways_word = "gateway" if propagation.running == 1 else "gateways"
    return f"{propagation.confirmed} of {propagation.running} {gateways_word} confirmed"


def _silent(propagation: Propagation) -> str:
    verb = "has" if len(propagation.waiting) == 1 else "have"
    return f"{' and '.join(propagation.waiting)} {verb} not answered"


def duration(seconds: float) -> str:
    """A length of time in words, such as `41 ms` or `3.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
