"""Load rows from the database in batches, many in one query.

Requests that arrive while a query runs wait for the next one and share it. So the cost per row
falls with the load, and handing work to a thread, which costs more than reading a row, happens once
for a whole batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from storage.secret_lookup import MOST

R = TypeVar("R")
# A public id, the answer, and when it was asked for by the event loop's clock.
_Waiting: TypeAlias = tuple[str, "asyncio.Future[R | None]", float]


class BatchLoader(Generic[R]):
    """Loads rows in batches; for use in one event loop."""

    def __init__(
        self, read: Callable[[Sequence[str]], Mapping[str, R]], pool: Pool, options: Options
    ) -> None:
        """Create a loader.

        Args:
            read: reads the rows of at most 64 public ids, or of other names. Blocks; raises
                StorageUnavailable.
        """
        self._read = read
        self._pool = pool
        self._deadline = options.deadline
        self._free_queries = options.threads
        self._max_waiting = options.waiting
        self._waiting: deque[_Waiting[R]] = deque()
        self._dispatch_due = False
        self._running: set[asyncio.Task[None]] = set()

    async def load(self, public_id: str) -> R | None:
        """Return a row that was read after this was called; None if there is none.

        Raises:
            Unavailable: if it cannot be read now.
        """
        if len(self._waiting) >= self._max_waiting:
            raise Unavailable("overloaded")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R | None] = loop.create_future()
        self._waiting.append((public_id, answer, loop.time()))
        if not self._dispatch_due:
            # Not immediately: all requests of this turn of the event loop share the query.
            self._dispatch_due = True
            loop.call_soon(self._dispatch)
        return await answer

    def _dispatch(self) -> None:
        self._dispatch_due = False
        while self._free_queries and self._waiting:
            count = min(MOST, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
            self._free_queries -= 1
            task = asyncio.get_running_loop().create_task(self._run(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, batch: list[_Waiting[R]]) -> None:
        ids = list(dict.fromkeys(public_id for public_id, _, _ in batch))
        # The first has waited longest, so no caller waits longer than the deadline.
        left = batch[0][2] + self._deadline - asyncio.get_running_loop().time()
        try:
            rows = await self._pool.run(self._read, ids, within=left)
        except Exception as error:  # noqa: BLE001 - raised again for each waiting caller
            for _, answer, _ in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for public_id, answer, _ in batch:
                if not answer.done():
                    answer.set_result(rows.get(public_id))
        finally:
            self._free_queries += 1
            self._dispatch()
