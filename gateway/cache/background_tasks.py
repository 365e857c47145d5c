"""What a gateway does beside answering: it follows the changes, tells that it is there, and gives
imported keys digests of our own.
"""

from __future__ import annotations

import asyncio

from gateway.cache.heartbeat import Heartbeat
from gateway.cache.invalidation import CacheInvalidator
from gateway.usage.rehash import RehashQueue


class GatewayTasks:
    """Started before the first request is answered, stopped after the last."""

    def __init__(
        self, follower: CacheInvalidator, presence: Heartbeat, upgrades: RehashQueue
    ) -> None:
        self._follower = follower
        self._presence = presence
        self._upgrades = upgrades

    async def start(self) -> None:
        """Announces the gateway, and only then begins to remember anything.

        Raises:
            StorageUnavailable: if it cannot be announced.
        """
        await asyncio.to_thread(self._presence.start)
        self._follower.start()
        self._upgrades.start()

    async def stop(self) -> None:
        """Forgets, and says goodbye."""
        await self._follower.stop()
        await asyncio.to_thread(self._upgrades.stop)
        await asyncio.to_thread(self._presence.stop)
