"""Start and stop a gateway's background tasks: cache invalidation, heartbeat and rehashing."""

from __future__ import annotations

import asyncio

from gateway.cache.heartbeat import Heartbeat
from gateway.cache.invalidation import CacheInvalidator
from gateway.usage.rehash_queue import RehashQueue


class GatewayTasks:
    """The background tasks of one gateway."""

    def __init__(
        self, invalidator: CacheInvalidator, heartbeat: Heartbeat, rehash_queue: RehashQueue
    ) -> None:
        self._invalidator = invalidator
        self._heartbeat = heartbeat
        self._rehash_queue = rehash_queue

    async def start(self) -> None:
        """Register the gateway, and only then follow changes, without which nothing is cached.

        Raises:
            StorageUnavailable: if it cannot be registered.
        """
        await asyncio.to_thread(self._heartbeat.start)
        self._invalidator.start()
        self._rehash_queue.start()

    async def stop(self) -> None:
        """Invalidate the cache, and deregister the gateway."""
        await self._invalidator.stop()
        await asyncio.to_thread(self._rehash_queue.stop)
        await asyncio.to_thread(self._heartbeat.stop)
