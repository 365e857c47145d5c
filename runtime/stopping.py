"""Stop without waiting for ever: a database or Slack that hangs must not keep a program alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

STOP_SECONDS = 2.0
"""How long one part may take to stop once the program is told to."""

_LOOK_SECONDS = 0.02
_abandoned = threading.Event()


def abandoned() -> bool:
    """Return whether anything was abandoned, so that the process would not end by itself."""
    return _abandoned.is_set()


def in_background(work: Callable[[], T]) -> Future[T]:
    """Run a blocking function in a thread that keeps no process alive."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is read
            result.set_exception(error)

    threading.Thread(target=run, name="in-background", daemon=True).start()
    return result


def finishes(work: Callable[[], object], seconds: float) -> bool:
    """Run a blocking function, and return whether it ended in time; it is abandoned if not.

    Raises:
        Exception: what the function raised in time.
    """
    result = in_background(work)
    wait([result], seconds)
    if not result.done():
        _abandoned.set()
        return False
    result.result()
    return True


def until_stopped(work: Callable[[], T], stop: threading.Event) -> T | None:
    """Return the result of a blocking function; None if `stop` is set and it does not end soon.

    Raises:
        Exception: what the function raised.
    """
    result = in_background(work)
    while not result.done():
        if stop.wait(_LOOK_SECONDS):
            wait([result], STOP_SECONDS)
            break
    if not result.done():
        _abandoned.set()
        return None
    return result.result()
