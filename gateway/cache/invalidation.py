"""Follow the feed of changes, and invalidate what the cache holds about each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from math import inf

from gateway.base.gateway_log import GatewayLog
from gateway.cache.replica_positions import ReplicaPositions
from gateway.cache.verdict_cache import VerdictCache
from runtime.clock import Clock
from storage.change_feed import Feed, FeedLost

_PAUSES = (0.05, 0.1, 0.25, 0.5, 1.0)


class CacheInvalidator:
    """Applies each change to the cache, in a task of the gateway's event loop."""

    def __init__(
        self,
        feed: Feed,
        cache: VerdictCache,
        log: GatewayLog,
        confirm: Callable[[Sequence[str]], None],
        clock: Clock,
        *,
        lease: float,
        grace: float,
        positions: ReplicaPositions | None = None,
        on_feed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare the task.

        Args:
            confirm: called with every fence that was reached; returns immediately.
            lease: seconds for which the cache is valid after the feed was last known to be alive.
            grace: further seconds for which it is valid once the feed is lost. With zero, a lost
                feed invalidates the cache immediately.
            positions: records the positions in the write-ahead log that the feed reports.
            on_feed: called when the feed has begun, and the cache is empty; returns immediately.
        """
        self._positions = positions
        self._feed = feed
        self._cache = cache
        self._log = log
        self._confirm = confirm
        self._clock = clock
        self._on_feed = on_feed
        self._lease = lease
        self._grace = grace
        self._task: asyncio.Task[None] | None = None
        self.proven_at = 0.0
        self.alive = False

    @property
    def proven(self) -> bool:
        """Return whether the feed is alive, by its last proof: a server that hangs sends none."""
        return self.alive and self.lag < self._lease

    @property
    def lag(self) -> float:
        """Return the seconds since the last proof that no change was missed."""
        return self._clock.monotonic() - self.proven_at

    def start(self) -> None:
        """Start the task in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop the task, and invalidate the cache."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._cache.valid_until(-inf)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async for batch in self._feed.follow():
                    if not self.alive:
                        self._on_feed_start()
                        failures = 0
                    if self._positions is not None and batch.wal is not None:
                        # Before this batch's own changes, which the position does not cover.
                        self._positions.record(batch.wal, self._cache.position)
                    self._cache.apply(batch.changes)
                    self.proven_at = batch.proven_at
                    self._cache.valid_until(batch.proven_at + self._lease + self._grace)
                    if fences := [c.fence for c in batch.changes if c.fence is not None]:
                        self._confirm(fences)
            except FeedLost as lost:
                self._on_feed_lost(lost)
            except Exception as error:  # noqa: BLE001 - without a feed nothing is cached
                self._log.failed(error, endpoint="feed")
                self._on_feed_lost(error)
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    def _on_feed_start(self) -> None:
        # Changes of what was cached before may have been missed.
        self._cache.clear()
        if self._positions is not None:
            self._positions.clear()
        self.alive = True
        self._on_feed()
        self._log.event(logging.INFO, "feed_began")

    def _on_feed_lost(self, error: Exception) -> None:
        if not self._grace:
            self._cache.valid_until(-inf)
        if self.alive:
            self.alive = False
            self._log.event(
                logging.WARNING,
                "feed_lost",
                cause=type(error).__name__,
                detail=str(error) if isinstance(error, FeedLost) else "",
                remedy="Every request asks the database until the feed of changes is back.",
            )
