"""Propagation: waiting until every gateway has confirmed a change, and describing how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from keys.changes import gateways
from runtime.clock import Clock
from storage import reading

# The first polls follow closely, since gateways usually confirm within milliseconds.
_PAUSE, _PAUSE_MAX = 0.002, 0.25
NONE_KNOWN = (
    "No running gateway is known, so none has confirmed. One that runs all the same reports within "
    "seconds; see: apikeys status"
)


@dataclass(frozen=True, slots=True)
class Propagation:
    """The propagation of a change to the gateways.

    Attributes:
        running: how many gateways are running.
        waiting: the names of those that have not confirmed.
        seconds: the time since the commit at which this was observed.
    """

    running: int
    waiting: tuple[str, ...]
    seconds: float

    @property
    def everywhere(self) -> bool:
        """Whether every running gateway has confirmed."""
        return not self.waiting

    @property
    def confirmed(self) -> int:
        """How many gateways have confirmed."""
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
    """Poll until every gateway has confirmed, or the time is up. Blocks.

    Args:
        for_seconds: how long to poll at most.
        since: the time of the commit, by the monotonic clock.

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
    """Describe it for people, in one or two sentences."""
    if not propagation.running:
        return NONE_KNOWN
    took = duration(propagation.seconds)
    if propagation.everywhere:
        return f"{_confirmed(propagation)} in {took}."
    return f"{_confirmed(propagation)}. {_silent(propagation)} for {took}."


def describe_pending(propagation: Propagation) -> str:
    """Describe it without the time, for a message that is updated only when something changed."""
    return f"{_confirmed(propagation)}. {_silent(propagation)}."


def _confirmed(propagation: Propagation) -> str:
    gateways_word = "gateway" if propagation.running == 1 else "gateways"
    return f"{propagation.confirmed} of {propagation.running} {gateways_word} confirmed"


def _silent(propagation: Propagation) -> str:
    verb = "has" if len(propagation.waiting) == 1 else "have"
    return f"{' and '.join(propagation.waiting)} {verb} not answered"


def duration(seconds: float) -> str:
    """Format a duration, such as `41 ms` or `3.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
