"""Limit how many connections a server holds, and how much of its time one of them takes."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import ip_network
from typing import Protocol

from runtime.addresses import Network, is_in_any, read_address

CONNECTIONS, PEER_CONNECTIONS, NOT_HTTP, SLOW = (
    "connections",
    "peer_connections",
    "not_http",
    "slow",
)
"""Why a connection is refused or cut: too many in all, too many of one peer, not HTTP, too slow."""

# Who has one address of a site's IPv6 network has all of them (RFC 6177).
_PEER_V6 = 64
# Bytes of a pipeline that are parsed in one turn of the event loop: some forty requests at most.
_SLICE = 1_024
# Late replies: seconds between two batches, the share of those that wait that is sent in one, and
# the fewest that are.
_LATE, _LATE_SHARE, _LATE_LEAST = 0.002, 8, 4


class ConnectionLimits:
    """The limits of one server, and how many connections each peer has; for one event loop."""

    def __init__(
        self,
        *,
        total: int = 10_000,
        per_peer: int = 7_500,
        body_seconds: float = 60.0,
        unlimited: Sequence[Network] = (),
        on_refused: Callable[[str, str], None] = lambda _reason, _peer: None,
    ) -> None:
        """Create the limits.

        Args:
            total: connections in all.
            per_peer: connections of one IPv4 address, or one /64 of IPv6.
            body_seconds: seconds in which a request's body has to arrive, and in which a peer has
                to take what was sent to it.
            unlimited: networks whose addresses may have any number within the total: proxies, each
                of which stands for many callers.
            on_refused: takes the reason and the peer's address for each connection that is
                refused, or cut before its request was complete.
        """
        self.body_seconds = body_seconds
        self.on_refused = on_refused
        self.pipelines = PipelineQueue()
        self.late_replies = LateReplies()
        self.connections = 0
        self._total, self._per_peer = total, per_peer
        self._unlimited = tuple(unlimited)
        self._of_peer: Counter[str] = Counter()
        self._peer = lru_cache(4_096)(self._find_peer)

    def admit(self, address: str | None) -> str | None:
        """Count a new connection; return the reason if it is refused, and so not counted.

        Args:
            address: the peer's; None over a Unix socket.
        """
        peer = self._peer(address)
        if self.connections >= self._total:
            return CONNECTIONS
        if peer and self._of_peer[peer] >= self._per_peer:
            return PEER_CONNECTIONS
        self.connections += 1
        if peer:
            self._of_peer[peer] += 1
        return None

    def release(self, address: str | None) -> None:
        """Count the end of a connection that was admitted."""
        peer = self._peer(address)
        self.connections -= 1
        if peer:
            self._of_peer[peer] -= 1
            if not self._of_peer[peer]:
                del self._of_peer[peer]

    def _find_peer(self, address: str | None) -> str:
        """Return what an address counts as; empty if it has no limit of its own."""
        if address is None:
            return ""
        try:
            found = read_address(address)
        except ValueError:
            return address
        if is_in_any(found, self._unlimited):
            return ""
        size = found.max_prefixlen if found.version == 4 else _PEER_V6
        return str(ip_network((found, size), strict=False))


class LateReply(Protocol):
    """A connection with a reply that is sent a moment later."""

    def send_late(self) -> None:
        """Send the reply."""
        ...


class LateReplies:
    """Sends replies some milliseconds later: every two milliseconds an eighth of those that wait.

    A program that loops on a refusal sends its next request as soon as it is answered. If all of
    its connections were answered at once, all would ask at once, and every other request would wait
    for them.
    """

    def __init__(self) -> None:
        self._waiting: deque[LateReply] = deque()

    def add(self, connection: LateReply) -> None:
        """Add a connection behind those that wait already."""
        self._waiting.append(connection)
        if len(self._waiting) == 1:
            self._send_later()

    def _send_later(self) -> None:
        asyncio.get_running_loop().call_later(_LATE, self._send)

    def _send(self) -> None:
        count = max(len(self._waiting) // _LATE_SHARE, _LATE_LEAST)
        batch = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
        if self._waiting:
            self._send_later()
        for connection in batch:
            connection.send_late()


class Pipeline(Protocol):
    """A connection whose peer has sent many requests at once."""

    def feed_slice(self, size: int) -> bool:
        """Parse at most so many bytes; return whether some are left."""
        ...


class PipelineQueue:
    """Lets connections with many requests at once take turns: one slice in a turn of the loop.

    A peer that sends a thousand requests in one piece would otherwise hold up everybody for as long
    as they take.
    """

    def __init__(self) -> None:
        self._waiting: deque[Pipeline] = deque()

    def add(self, pipeline: Pipeline) -> None:
        """Add a connection, which is not in the queue yet."""
        self._waiting.append(pipeline)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        pipeline = self._waiting.popleft()
        try:
            if pipeline.feed_slice(_SLICE):
                self._waiting.append(pipeline)
        finally:
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._step)
