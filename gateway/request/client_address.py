"""Find a request's client address, trusting only the configured proxies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_network

from runtime.addresses import Network, read_address, read_hop

Client = tuple[str, int] | None
Origin = tuple[Client, bytes | None]
"""A request's peer and its X-Forwarded-For header, from which `address` finds the client."""

# Enough to recognise a site's network, too little to track a person.
_COARSE_V4, _COARSE_V6 = 16, 48


def address(client: Client, forwarded_for: Sequence[bytes], trusted: Sequence[Network]) -> str:
    """Return the caller's IP address; empty over a Unix socket.

    `X-Forwarded-For` is read from its right end, where the nearest proxy writes, for as long as
    each address belongs to a trusted proxy: the caller can forge anything further left. A hop that
    names no address ends it too.
    """
    peer = _normalized(str(client[0])) if client else ""
    if not trusted or not forwarded_for:
        return peer
    hops = [hop.strip() for hop in b",".join(forwarded_for).decode("latin-1").split(",")]
    while hops and _is_trusted(peer, trusted):
        if (hop := read_hop(hops.pop())) is None:
            break
        peer = str(hop)
    return peer


def _is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    try:
        here = read_address(peer)
    except ValueError:
        return False
    return any(here in network for network in trusted)


def _normalized(peer: str) -> str:
    """Return a peer's address, as keys and settings have it; an IPv4 one is as it is."""
    if ":" not in peer:
        return peer
    try:
        return str(read_address(peer))
    except ValueError:
        return peer


def network_of(origin: Origin, trusted: Sequence[Network]) -> str:
    """Return the network of the caller's address; see `address` and `coarse`."""
    client, forwarded = origin
    return coarse(address(client, () if forwarded is None else (forwarded,), trusted))


@lru_cache(maxsize=4_096)
def coarse(found: str) -> str:
    """Return an address's network, such as `10.1.0.0/16`; empty if it is not an address."""
    try:
        parsed = read_address(found)
    except ValueError:
        return ""
    size = _COARSE_V4 if parsed.version == 4 else _COARSE_V6
    return str(ip_network((parsed, size), strict=False))
