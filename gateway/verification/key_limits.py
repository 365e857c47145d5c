"""Holding a key to its limits: where it may be used from, and how often.

The count is kept in this process: with three gateways, a key of 100 a minute can be used up to
300 times a minute if its requests are spread over all of them (docs/gateway.md).
"""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from keys.credentials.verification import Verified
from keys.inputs.limits import inside


class Limiter:
    """Counts uses of keys that have a rate limit."""

    def __init__(self) -> None:
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items: dict[str, RateLimitItem] = {}

    def hit(self, key: Verified) -> int:
        """Counts one use.

        Returns:
            0 if it is within the limit; else how many whole seconds to wait.
        """
        if not key.rate_limit:
            return 0
        item = self._items.get(key.rate_limit)
        if item is None:
            item = self._items[key.rate_limit] = parse(key.rate_limit)
        if self._strategy.hit(item, key.key_id):
            return 0
        opens = self._strategy.get_window_stats(item, key.key_id).reset_time
        return max(1, math.ceil(opens - time.time()))


def comes_from_allowed(key: Verified, source: str) -> bool:
    """Whether a request from this address may use the key."""
    return not key.networks or inside(source, key.networks)
