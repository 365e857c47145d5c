"""Enforce a key's limits: how often it may be used, and from which networks.

Each process counts alone: with three gateways, a key limited to 100 requests a minute can make up
to 300 if they are spread over all gateways (docs/gateway.md).
"""

from __future__ import annotations

import math
import time
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from keys.credentials.verification import Verified
from keys.inputs.limits import inside


class Limiter:
    """Counts the uses of keys with a rate limit."""

    def __init__(self) -> None:
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items: dict[str, RateLimitItem] = {}
        # Until when the keys are over their limits, in seconds since 1970: a program that does not
        # slow down is refused without counting.
        self._over: dict[tuple[str, str], float] = {}

    def hit(self, key: Verified) -> int:
        """Count one use.

        Returns:
            0 if it is within the limit; otherwise the whole seconds to wait.
        """
        if not key.rate_limit:
            return 0
        now = time.time()
        over = self._over.get((key.key_id, key.rate_limit), 0.0)
        if now < over:
            return max(1, math.ceil(over - now))
        item = self._items.get(key.rate_limit)
        if item is None:
            item = self._items[key.rate_limit] = parse(key.rate_limit)
        if self._strategy.hit(item, key.key_id):
            if over:
                del self._over[key.key_id, key.rate_limit]
            return 0
        # A refused use does not count, so nothing changes before then.
        opens = self._strategy.get_window_stats(item, key.key_id).reset_time
        self._over[key.key_id, key.rate_limit] = opens
        return max(1, math.ceil(opens - now))


def is_allowed_source(key: Verified, source: str) -> bool:
    """Return whether a request from this address may use the key."""
    return not key.networks or _inside(source, key.networks)


@lru_cache(maxsize=4_096)
def _inside(source: str, networks: tuple[str, ...]) -> bool:
    return inside(source, networks)
