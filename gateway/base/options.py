"""The values that shape the gateway, each with its default and its check."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from keys.changes.gateways import LEASE_SECONDS

Network = IPv4Network | IPv6Network
_POSITIVE = (
    "threads",
    "deadline",
    "retry_after",
    "flush_every",
    "max_headers",
    "read_timeout",
    "cached_tokens",
    "lease",
)


@dataclass(frozen=True, slots=True)
class Options:
    """What an operator may choose about the gateway.

    Attributes:
        threads: queries that may run at the same time; each reads for up to 64 requests.
        waiting: verifications that may wait for a query; more are answered 503 at once, because
            a queue without an end only turns an overload into a standstill.
        deadline: seconds until a verification without an answer is given up (503).
        retry_after: seconds that a 503 asks callers to wait.
        flush_every: seconds between two writings of the "last used" times.
        max_headers: bytes of request headers, names and values together.
        max_body: bytes of a request body.
        read_timeout: seconds that a request body may take to arrive.
        remembered: tokens that are kept in memory.
        lease: seconds for which memory is believed after the last proof that no change was missed.
        grace: seconds for which it is believed on top when the database is gone. Revocations are
            late by as much, so it is zero unless somebody wants it otherwise.
        trusted_proxies: networks whose `X-Forwarded-For` is believed. Everyone else could write
            any address into it.
    """

    threads: int = 2
    waiting: int = 1024
    deadline: float = 5.0
    retry_after: int = 2
    flush_every: float = 5.0
    max_headers: int = 32 * 1024
    max_body: int = 8 * 1024
    read_timeout: float = 10.0
    cached_tokens: int = 100_000
    lease: float = LEASE_SECONDS
    grace: float = 0.0
    trusted_proxies: tuple[Network, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0")
        if self.waiting < 0 or self.grace < 0 or self.max_body < 256:
            raise ValueError("waiting and grace must be 0 or more, and max_body 256 or more")


def read_networks(text: str) -> tuple[Network, ...]:
    """Reads addresses or networks separated by commas, such as `127.0.0.1, 10.0.0.0/8`.

    Raises:
        ValueError: with a sentence that names the part that is neither.
    """
    networks = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError as error:
            raise ValueError(f"“{part}” is not an IP address or network: {error}") from error
    return tuple(networks)
