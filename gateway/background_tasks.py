"""Start and stop a gateway's background tasks: cache invalidation, heartbeat and writers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gateway.cache.heartbeat import Heartbeat
from gateway.cache.invalidation import CacheInvalidator
from gateway.usage.periodic_writer import PeriodicWriter
from keys.changes.gateways import BEAT_SECONDS


class GatewayTasks:
    """The background tasks of one gateway."""

    def __init__(
        self,
        invalidator: CacheInvalidator,
        heartbeat: Heartbeat,
        writers: Sequence[PeriodicWriter],
    ) -> None:
        self._invalidator = invalidator
        self._heartbeat = heartbeat
        self._writers = tuple(writers)
        self._registering: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Register the gateway, and only then follow changes, without which nothing is cached.

        Raises:
            StorageUnavailable: if it cannot be registered; see `Heartbeat.start`.
        """
        await asyncio.to_thread(self._heartbeat.start)
        if self._heartbeat.registered:
            self._invalidator.start()
        else:
            self._registering = asyncio.create_task(self._follow_once_registered())
        for writer in self._writers:
            writer.start()

    async def _follow_once_registered(self) -> None:
        while not self._heartbeat.registered:
            await asyncio.sleep(BEAT_SECONDS)
        self._invalidator.start()

    async def stop(self) -> None:
        """Invalidate the cache, and deregister the gateway."""
        if self._registering is not None:
            self._registering.cancel()
        await self._invalidator.stop()
        for writer in self._writers:
            await asyncio.to_thread(writer.stop)
        await asyncio.to_thread(self._heartbeat.stop)
