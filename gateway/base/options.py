"""Define the gateway's options, with their defaults and checks."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.base.client_address import Proxies
from keys.changes.gateways import LEASE_SECONDS
from runtime.addresses import Network, read_network

_POSITIVE = (
    "threads",
    "deadline",
    "retry_after",
    "flush_every",
    "max_headers",
    "read_timeout",
    "cached_tokens",
    "lease",
    "connections",
    "peer_connections",
)


@dataclass(frozen=True, slots=True)
class Options:
    """The gateway's options.

    Attributes:
        threads: queries that may run at the same time; each serves up to 64 requests.
        waiting: verifications that may wait for a query; the rest get a 503 immediately, because
            an unbounded queue turns an overload into a standstill.
        deadline: seconds until a verification times out (503). With what a replica may take on top
            (gateway.verification.replica), a database that hangs is answered for within a second.
        retry_after: seconds that a 503 asks callers to wait.
        flush_every: seconds that "last used" may be behind, but for the first use.
        max_headers: bytes of request headers, names and values together.
        max_body: bytes of a request body.
        read_timeout: seconds that a request body may take to arrive.
        connections: connections that are open at the same time.
        peer_connections: those of one peer, unless it is a trusted proxy.
        cached_tokens: accepted tokens that the cache holds.
        lease: seconds for which the cache is valid after the last proof that no change was missed.
        grace: further seconds for which it is valid while the database is unreachable. Revocations
            may take effect late by as much, so the default is zero.
        proxies: the proxies that are trusted to name their callers.
        cors_preflight: whether CORS preflights, which have no credentials by design, are accepted.
        account: the id of the only account whose keys are accepted; empty for all accounts.
    """

    threads: int = 2
    waiting: int = 1024
    deadline: float = 0.7
    retry_after: int = 2
    flush_every: float = 60.0
    max_headers: int = 32 * 1024
    max_body: int = 8 * 1024
    read_timeout: float = 10.0
    connections: int = 10_000
    peer_connections: int = 7_500
    cached_tokens: int = 100_000
    lease: float = LEASE_SECONDS
    grace: float = 0.0
    proxies: Proxies = field(default=Proxies())
    cors_preflight: bool = False
    account: str = ""

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0")
        if self.waiting < 0 or self.grace < 0 or self.max_body < 256:
            raise ValueError("waiting and grace must be 0 or more, and max_body 256 or more")


def read_networks(text: str) -> tuple[Network, ...]:
    """Parse addresses or networks separated by commas, such as `127.0.0.1, 10.0.0.0/8`.

    Raises:
        ValueError: with a sentence that names the invalid part and says what to enter.
    """
    parts = filter(None, (piece.strip() for piece in text.split(",")))
    return tuple(read_network(part) for part in parts)
