"""Reading tokens' rows from the database, many in one query.

Whoever comes while a query is under way waits for the next one, and shares it with all others who
came meanwhile. So the more there is to do, the less each costs, and the hand-over to a thread,
which costs more than reading a row, is paid once for a whole batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from storage.secret_lookup import MOST

R = TypeVar("R")


class BatchLoader(Generic[R]):
    """Belongs to one event loop, the one in which it is first used."""

    def __init__(
        self, read: Callable[[Sequence[str]], Mapping[str, R]], pool: Pool, options: Options
    ) -> None:
        """Makes it ready.

        Args:
            read: reads the rows of at most 64 public ids, or of other names. Blocks; raises
                StorageUnavailable.
        """
        self._read = read
        self._pool = pool
        self._idle = options.threads
        self._most_waiting = options.waiting
        self._waiting: deque[tuple[str, asyncio.Future[R | None]]] = deque()
        self._dispatch_due = False
        self._under_way: set[asyncio.Task[None]] = set()

    async def load(self, public_id: str) -> R | None:
        """The row of one public id, read after this was called; None if there is none.

        Raises:
            Unavailable: if it cannot be read now.
        """
        if len(self._waiting) >= self._most_waiting:
            raise Unavailable("overloaded")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R | None] = loop.create_future()
        self._waiting.append((public_id, answer))
        if not self._dispatch_due:
            # Not at once: everybody who comes in this turn of the loop shall share the query.
            self._dispatch_due = True
            loop.call_soon(self._dispatch)
        return await answer

    def _dispatch(self) -> None:
        self._dispatch_due = False
        while self._idle and self._waiting:
            count = min(MOST, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
            self._idle -= 1
            task = asyncio.get_running_loop().create_task(self._run(batch))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _run(self, batch: list[tuple[str, asyncio.Future[R | None]]]) -> None:
        ids = list(dict.fromkeys(public_id for public_id, _ in batch))
        try:
            rows = await self._pool.run(self._read, ids)
        except Exception as error:  # noqa: BLE001 - raised again for each who waits
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for public_id, answer in batch:
                if not answer.done():
                    answer.set_result(rows.get(public_id))
        finally:
            self._idle += 1
            self._dispatch()
