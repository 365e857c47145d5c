"""Slack's rate limits, by the workspace's clock."""

import math
import threading
from collections import defaultdict, deque

from sandbox.base.clock import Clock
from sandbox.base.errors import SlackError

_TIERS = {2: 20, 3: 50, 4: 100}
"""Calls a minute of each tier (https://docs.slack.dev/apis/web-api/rate-limits)."""
_METHODS = {
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "users.list": 2,
    "conversations.list": 2,
    "conversations.open": 3,
    "conversations.info": 3,
    "conversations.history": 3,
    "conversations.replies": 3,
    "conversations.join": 3,
    "chat.update": 3,
    "chat.delete": 3,
    "team.info": 3,
    "users.lookupByEmail": 3,
    "users.info": 4,
    "conversations.members": 4,
    "chat.postEphemeral": 4,
    "files.getUploadURLExternal": 4,
    "files.completeUploadExternal": 4,
    "views.open": 4,
    "views.push": 4,
    "views.update": 4,
    "views.publish": 4,
}
_DISTRIBUTED = frozenset({"conversations.history", "conversations.replies"})
_POST = "chat.postMessage"


class RateLimits:
    """Counts calls; does nothing until `enforced` is set."""

    def __init__(self, clock: Clock) -> None:
        self.enforced = False
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def count(self, method: str, channel: str, *, distributed: bool = False) -> None:
        """Count one call; posting is limited to one a second in each `channel`.

        Args:
            distributed: whether history can be asked for once a minute only, enforced in any case.

        Raises:
            SlackError: ``ratelimited`` with status 429 and Retry-After in whole seconds.
        """
        if distributed and method in _DISTRIBUTED:
            self._count(method, 1, 60.0)
            return
        if not self.enforced:
            return
        if method == _POST:
            self._count(f"{method} {channel}", 1, 1.0)
        elif method in _METHODS:
            self._count(method, _TIERS[_METHODS[method]], 60.0)

    def _count(self, name: str, maximum: int, seconds: float) -> None:
        now = self._clock.now()
        with self._lock:
            calls = self._calls[name]
            while calls and calls[0] <= now - seconds:
                calls.popleft()
            if len(calls) >= maximum:
                raise ratelimited(max(1, math.ceil(calls[0] + seconds - now)))
            calls.append(now)


def ratelimited(seconds: float) -> SlackError:
    """Return the error of a call over the limit, to retry after whole `seconds`."""
    return SlackError("ratelimited", status=429, headers={"Retry-After": str(math.ceil(seconds))})
