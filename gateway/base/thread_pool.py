"""Run blocking work, such as queries, in a bounded pool of threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from gateway.base.options import Options
from keys.base.errors import StorageUnavailable
from runtime.stopping import STOP_SECONDS, finishes
from storage.driver_errors import SENTENCES

T = TypeVar("T")


class Unavailable(Exception):
    """No decision is possible now, so the request is refused.

    Attributes:
        cause, detail: for the operator; the detail is a sentence, or empty.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.detail = detail


class Pool:
    """A pool of threads with a bounded queue and a deadline."""

    def __init__(self, options: Options) -> None:
        self._deadline = options.deadline
        self._threads = options.threads
        # Jobs that still run although their callers no longer wait.
        self._stuck = 0
        self._slots = threading.BoundedSemaphore(options.threads + options.waiting)
        self._pool = ThreadPoolExecutor(options.threads, thread_name_prefix="gateway-work")

    async def run(self, work: Callable[..., T], *args: Any, within: float | None = None) -> T:
        """Run a blocking function in one of the threads and return its result.

        Args:
            within: seconds that the caller can wait; no more than the deadline of the options.

        Raises:
            Unavailable: if the database cannot be reached, the queue is full, or the deadline
                passed; at once while every thread is stuck in a job whose deadline has passed.
        """
        if not self._slots.acquire(blocking=False):
            raise Unavailable("overloaded")
        if self._stuck >= self._threads:
            self._slots.release()
            raise Unavailable("deadline")
        job = self._submit(work, *args)
        try:
            async with asyncio.timeout(self._deadline if within is None else within):
                return await asyncio.wrap_future(job)
        except StorageUnavailable as error:
            # Only our own words: another message may repeat what was looked for.
            known = str(error) if str(error) in SENTENCES else ""
            raise Unavailable("database", known) from None
        except TimeoutError:
            self._give_up(job)
            raise Unavailable("deadline") from None

    def _give_up(self, job: Future[Any]) -> None:
        """Count a job as stuck until it ends; one that has not begun was cancelled."""
        if job.cancel() or job.done():
            return
        self._stuck += 1
        loop = asyncio.get_running_loop()

        def ended(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._freed)

        job.add_done_callback(ended)

    def _freed(self) -> None:
        self._stuck -= 1

    def _submit(self, work: Callable[..., T], *args: Any) -> Future[T]:
        try:
            job = self._pool.submit(work, *args)
        except RuntimeError:
            self._slots.release()
            raise Unavailable("stopping") from None
        # The slot is free when the work has ended, not when its caller stopped waiting.
        job.add_done_callback(lambda _: self._slots.release())
        return job

    def close(self) -> bool:
        """Cancel what is queued, and wait for what runs, unless that is stuck. Blocks.

        Returns:
            Whether everything has ended.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)
        return finishes(lambda: self._pool.shutdown(wait=True), STOP_SECONDS)
