"""Two pools of threads: one acknowledges Slack's requests, the other does what comes after.

    AcknowledgingThreads   a request holds one until Bolt has its acknowledgement, 3 s at most
    ListenerThreads        a listener has one to its end, such as until a token is delivered
    ConcurrencyLimit       a few requests are worked on at a time until they are acknowledged

So the acknowledgement is where a request is handed over: from then on it takes no place that
another request waits for, however slowly Slack answers. Both are bounded: a request that has waited
too long, or comes while too many listeners are at work, is told at once that the app is busy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ACKNOWLEDGING = 32
# Most of them only wait for Slack. Each takes memory for its stack.
LISTENERS = 256
# Beyond that number they only say that the app is busy; those that cannot even do that in time, as
# Slack is slow, are bounded too.
LISTENERS_MAX = LISTENERS + 128
_EVENT_THREADS = 8
CONCURRENT = 4
# Much longer than the work of one request takes, and much shorter than Slack's 3 s.
ADMITTED_WITHIN = 0.5
# Slack sends an event again that is not acknowledged.
_EVENTS_WAITING = 10_000

_ARRIVED: ContextVar[float | None] = ContextVar("apikeys_request_arrived", default=None)
_IS_EVENT: ContextVar[bool] = ContextVar("apikeys_is_event", default=False)


class AcknowledgingThreads(ThreadPoolExecutor):
    """The threads in which requests wait for their acknowledgement."""

    def __init__(self, threads: int = ACKNOWLEDGING) -> None:
        super().__init__(threads, thread_name_prefix="slack-request")

    def submit(self, work: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> Future[T]:
        """Do this as soon as a thread is free; `arrived` says when it was submitted."""
        at = time.perf_counter()
        return super().submit(lambda: _arrived_at(at, lambda: work(*args, **named)))


def _arrived_at(at: float, work: Callable[[], T]) -> T:
    token = _ARRIVED.set(at)
    try:
        return work()
    finally:
        _ARRIVED.reset(token)


def arrived() -> float:
    """Return when this thread's request arrived, by `time.perf_counter`; now if it never waited."""
    at = _ARRIVED.get()
    return time.perf_counter() if at is None else at


class ConcurrencyLimit:
    """Lets a few requests be worked on at a time, until they are acknowledged.

    Python runs one thread at a time, and a thread that has waited, for the database or for a
    client, runs again after all others that could run. With thirty requests at work, the thread
    that receives further ones came to them after seconds: of 1,000 commands at once on PostgreSQL,
    the last were acknowledged after 4 to 7 s, and with four at work after 1.5 to 3 s.

    Nobody waits for long: where Slack or the database is slow for those at work, the next one goes
    ahead beyond the limit.

    Args:
        most: how many requests.
        seconds: how long another waits at most.
    """

    def __init__(self, most: int = CONCURRENT, seconds: float = ADMITTED_WITHIN) -> None:
        self._free = threading.Semaphore(most)
        self._seconds = seconds

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Wait until fewer are at work, and do what is inside the block."""
        counted = self._free.acquire(timeout=self._seconds)
        try:
            yield
        finally:
            if counted:
                self._free.release()


class ListenerThreads(Executor):
    """A thread for each listener, and a few for all events, for whose end nobody waits.

    The threads end with their work, so that after a busy hour no memory is kept. Like those of any
    thread pool, they are waited for when the program ends.
    """

    def __init__(self, most: int = LISTENERS, hard_limit: int = LISTENERS_MAX) -> None:
        self._most = most
        self._hard_limit = hard_limit
        self._running = 0
        self._events_waiting = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._events = ThreadPoolExecutor(_EVENT_THREADS, thread_name_prefix="event")

    @property
    def running(self) -> int:
        """How many listeners are at work, apart from events."""
        return self._running

    @property
    def is_busy(self) -> bool:
        """Whether a new listener should only say that the app is busy."""
        return self._running >= self._most

    @property
    def is_full(self) -> bool:
        """Whether there may be no new listener at all."""
        return self._running >= self._hard_limit

    @property
    def events_are_full(self) -> bool:
        """Whether there may be no new event."""
        return self._events_waiting >= _EVENTS_WAITING

    @contextmanager
    def for_event(self) -> Iterator[None]:
        """Submit what is submitted inside the block as an event."""
        token = _IS_EVENT.set(True)
        try:
            yield
        finally:
            _IS_EVENT.reset(token)

    def submit(self, work: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> Future[T]:
        """Do this now, in a thread of its own; an event, as soon as a thread is free."""
        if _IS_EVENT.get():
            with self._changed:
                self._events_waiting += 1
            handled = self._events.submit(work, *args, **named)
            handled.add_done_callback(self._event_ended)
            return handled
        future: Future[T] = Future()
        with self._changed:
            if self._stopped:
                raise RuntimeError("no listener may start after the end")
            self._running += 1
        thread = threading.Thread(
            target=self._run, args=(future, lambda: work(*args, **named)), name="listener"
        )
        try:
            thread.start()
        except RuntimeError:
            # The system allows the process no more threads.
            self._ended()
            raise
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept nothing new, and wait until everything has ended."""
        with self._changed:
            self._stopped = True
            while wait and self._running:
                self._changed.wait()
        self._events.shutdown(wait, cancel_futures=cancel_futures)

    def _run(self, future: Future[T], work: Callable[[], T]) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  (as every executor, it hands errors over)
            future.set_exception(error)
        else:
            future.set_result(result)
        finally:
            self._ended()

    def _ended(self) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def _event_ended(self, _: Future[Any]) -> None:
        with self._changed:
            self._events_waiting -= 1
