"""What a gateway does beside answering: it follows the changes, tells that it is there, and gives
imported keys digests of our own.
"""

from __future__ import annotations

import asyncio

from gateway.cache.heartbeat import Heartbeat
from gateway.cache.invalidation import CacheInvalidator
from gateway.usage.rehash_queue import RehashQueue


class GatewayTasks:
    """Started before the first request is answered, stopped after the last."""

    def __init__(
        self, invalidator: CacheInvalidator, heartbeat: Heartbeat, rehash_queue: RehashQueue
    ) -> None:
        self._invalidator = invalidator
        self._heartbeat = heartbeat
        self._rehash_queue = rehash_queue

    async def start(self) -> None:
        """Announces the gateway, and only then begins to remember anything.

        Raises:
            StorageUnavailable: if it cannot be announced.
        """
        await asyncio.to_thread(self._heartbeat.start)
        self._invalidator.start()
        self._rehash_queue.start()

    async def stop(self) -> None:
        """Forgets, and says goodbye."""
        await self._invalidator.stop()
        await asyncio.to_thread(self._rehash_queue.stop)
        await asyncio.to_thread(self._heartbeat.stop)
