"""Follows the feed of changes, and keeps the memory to what it proves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from math import inf

from gateway.base.decision_log import Report
from gateway.cache.replica_positions import ReplicaPositions
from gateway.cache.verdict_cache import VerdictCache
from runtime.clock import Clock
from storage.change_feed import Feed, FeedLost

_PAUSES = (0.05, 0.1, 0.25, 0.5, 1.0)


class CacheInvalidator:
    """A task in the gateway's event loop."""

    def __init__(
        self,
        feed: Feed,
        memory: VerdictCache,
        report: Report,
        confirm: Callable[[Sequence[str]], None],
        clock: Clock,
        *,
        lease: float,
        grace: float,
        ledger: ReplicaPositions | None = None,
    ) -> None:
        """Makes it ready.

        Args:
            confirm: told of every fence that was passed; returns at once.
            lease: seconds for which a proof holds: what is remembered is believed for so long after
                the feed was last known to be alive.
            grace: seconds for which it is believed on top, once the feed is lost. Zero means that
                nothing is.
            ledger: told of the places in the write-ahead log that the feed tells.
        """
        self._ledger = ledger
        self._feed = feed
        self._memory = memory
        self._report = report
        self._confirm = confirm
        self._clock = clock
        self._lease = lease
        self._grace = grace
        self._task: asyncio.Task[None] | None = None
        self.proven_at = 0.0
        self.alive = False

    @property
    def lag(self) -> float:
        """Seconds since the last proof that no change was missed."""
        return self._clock.monotonic() - self.proven_at

    def start(self) -> None:
        """Begins, in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends. Nothing that is remembered is believed afterwards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._memory.valid_until(-inf)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async for pulse in self._feed.follow():
                    if not self.alive:
                        self._began()
                        failures = 0
                    if self._ledger is not None and pulse.wal is not None:
                        # Before this pulse's own changes: of those it says nothing.
                        self._ledger.note(pulse.wal, self._memory.position)
                    self._memory.apply(pulse.changes)
                    self.proven_at = pulse.proven_at
                    self._memory.valid_until(pulse.proven_at + self._lease + self._grace)
                    if fences := [c.fence for c in pulse.changes if c.fence is not None]:
                        self._confirm(fences)
            except FeedLost as lost:
                self._lost(lost)
            except Exception as error:  # noqa: BLE001 - without a feed nothing would be fast again
                self._report.failed(error, endpoint="feed")
                self._lost(error)
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    def _began(self) -> None:
        # Whatever is remembered is from before, and its changes may have been missed.
        self._memory.forget_everything()
        if self._ledger is not None:
            self._ledger.clear()
        self.alive = True
        self._report.note(logging.INFO, "feed_began")

    def _lost(self, error: Exception) -> None:
        if not self._grace:
            self._memory.valid_until(-inf)
        if self.alive:
            self.alive = False
            self._report.note(
                logging.WARNING,
                "feed_lost",
                cause=type(error).__name__,
                remedy="Every request asks the database until the feed of changes is back.",
            )
