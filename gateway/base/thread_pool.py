"""Run blocking work, such as queries, in a bounded pool of threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from gateway.base.options import Options
from keys.base.errors import StorageUnavailable

T = TypeVar("T")


class Unavailable(Exception):
    """No decision is possible now, so the request is refused; `cause` is for the operator."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Pool:
    """A pool of threads with a bounded queue and a deadline."""

    def __init__(self, options: Options) -> None:
        self._deadline = options.deadline
        self._slots = threading.BoundedSemaphore(options.threads + options.waiting)
        self._pool = ThreadPoolExecutor(options.threads, thread_name_prefix="gateway-work")

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Run a blocking function in one of the threads and return its result.

        Raises:
            Unavailable: if the database cannot be reached, the queue is full, or the deadline
                passed.
        """
        if not self._slots.acquire(blocking=False):
            raise Unavailable("overloaded")
        job = self._submit(work, *args)
        try:
            async with asyncio.timeout(self._deadline):
                return await asyncio.wrap_future(job)
        except StorageUnavailable:
            raise Unavailable("database") from None
        except TimeoutError:
            raise Unavailable("deadline") from None

    def _submit(self, work: Callable[..., T], *args: Any) -> Future[T]:
        try:
            job = self._pool.submit(work, *args)
        except RuntimeError:
            self._slots.release()
            raise Unavailable("stopping") from None
        # The slot is free when the work has ended, not when its caller stopped waiting.
        job.add_done_callback(lambda _: self._slots.release())
        return job

    def close(self) -> None:
        """Cancel what is queued, and wait for what runs. Blocks."""
        self._pool.shutdown(wait=True, cancel_futures=True)
