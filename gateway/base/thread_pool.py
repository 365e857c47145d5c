"""Running what blocks, such as a query, beside the event loop instead of in it."""

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
    """No answer can be given now, so nobody is let in; `cause` is for the operator."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Pool:
    """A bounded pool of threads, with a bounded queue before it and a deadline."""

    def __init__(self, options: Options) -> None:
        self._deadline = options.deadline
        self._room = threading.BoundedSemaphore(options.threads + options.waiting)
        self._pool = ThreadPoolExecutor(options.threads, thread_name_prefix="gateway-work")

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Runs a blocking piece of work in one of the threads.

        Raises:
            Unavailable: if the database cannot be reached, all places are taken, or the deadline
                passed.
        """
        if not self._room.acquire(blocking=False):
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
            self._room.release()
            raise Unavailable("stopping") from None
        # The place is free when the work has really ended, not when somebody stopped waiting.
        job.add_done_callback(lambda _: self._room.release())
        return job

    def close(self) -> None:
        """Drops what still waits and returns when what runs has ended. Blocks."""
        self._pool.shutdown(wait=True, cancel_futures=True)
