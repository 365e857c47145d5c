"""Where a request came from, as far as that can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from gateway.options import Network
from gateway.wire import Scope


def address(scope: Scope, forwarded_for: Sequence[bytes], trusted: Sequence[Network]) -> str:
    """The caller's IP address; empty over a Unix socket.

    `X-Forwarded-For` is read from its right end, where the nearest proxy writes, and only as long
    as each address before it belongs to a trusted proxy: whatever stands further left can be made
    up by the caller.
    """
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    if not trusted or not forwarded_for:
        return peer
    hops = [hop.strip() for hop in b",".join(forwarded_for).decode("latin-1").split(",")]
    while hops and _is_trusted(peer, trusted):
        hop = _plain(hops.pop())
        if hop is None:
            break
        peer = hop
    return peer


def _is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    try:
        here = ip_address(peer)
    except ValueError:
        return False
    return any(here in network for network in trusted)


def _plain(hop: str) -> str | None:
    try:
        return str(ip_address(hop))
    except ValueError:
        return None
