"""IP addresses and networks: the one place where they are read, from settings, keys and requests.

An IPv4-mapped IPv6 address (`::ffff:192.0.2.7`) is the IPv4 address: a socket for both versions
reports IPv4 clients so (RFC 4291, 2.5.5.2). A zone (`fe80::1%eth0`) means something only on the
machine itself (RFC 4007), and is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What proxies write: 192.0.2.7, 192.0.2.7:4711, 2001:db8::7, [2001:db8::7], "[2001:db8::7]:4711".
# A port may be obfuscated, such as _a1 (RFC 7239, 6.2 and 6.3).
_V4 = r"[0-9.]+"
_V6 = r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z._~-]+)?"
_PORT = r"(?P<port>[0-9]{1,5})|_[0-9A-Za-z._-]+"
_HOP = re.compile(
    rf'("?)(?:(?:(?P<v4>{_V4})|\[(?P<v6>{_V6})\])(?::(?:{_PORT}))?|(?P<bare>{_V6}))\1', re.ASCII
)
_PORT_MAX = 65_535
# More than the longest of them with a zone has; what is longer does not fill the memory.
_HOP_MAX = 100
_MAPPED_BITS = 96


def read_address(text: str) -> Address:
    """Return an address. Raises ValueError if it is none."""
    found = ip_address(text)
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found.scope_id is not None:
            return IPv6Address(int(found))
    return found


def read_hop(text: str) -> Address | None:
    """Return the address of an element of `X-Forwarded-For`, or of `for=` in `Forwarded`.

    An IPv6 address without brackets has no port: `2001:db8::1:4711` is that whole address, and what
    is none as a whole, such as `2001:db8:0:0:0:0:0:1:4711`, names no address.

    Returns:
        None if it names none: `unknown`, an obfuscated name (RFC 7239, 6.2 and 6.3), a port beyond
        65535, one quotation mark or bracket of two, or anything else around the address but spaces
        and tabs.
    """
    return _read_hop(text) if len(text) <= _HOP_MAX else None


@lru_cache(maxsize=4_096)
def _read_hop(text: str) -> Address | None:
    found = _HOP.fullmatch(text.strip(" \t"))
    if found is None or int(found["port"] or 0) > _PORT_MAX:
        return None
    try:
        return read_address(found["v4"] or found["v6"] or found["bare"])
    except ValueError:
        return None


def is_in_any(found: Address, networks: Iterable[Network]) -> bool:
    """Return whether an address is in one of the networks."""
    return any(found in network for network in networks)


@lru_cache(maxsize=4_096)
def read_network(text: str) -> Network:
    """Return an address or network in CIDR notation as a network.

    Raises:
        ValueError: with a sentence that says what to enter.
    """
    text = text.strip()
    host, _, _ = text.partition("/")
    if "%" in text:
        raise ValueError(f"“{text[:50]}” has a zone. Enter it without “%” and what follows.")
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(_network_problem(text, host)) from None
    return _unmapped(network)


def _unmapped(network: Network) -> Network:
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def _network_problem(text: str, host: str) -> str:
    try:
        nearest = ip_network(text, strict=False)
    except ValueError:
        return (
            f"“{text[:50]}” is not an address or network. Enter one like 192.0.2.7 or 10.1.0.0/16."
        )
    # A mapped address with a shorter prefix always has host bits: the ones in ::ffff:0:0/96.
    if (
        nearest.version == 6
        and nearest.prefixlen < _MAPPED_BITS
        and read_address(host).version == 4
    ):
        return (
            f"“{text}” is wider than all IPv4 addresses, ::ffff:0:0/96. Enter an IPv4 network like "
            "10.1.0.0/16."
        )
    return f"“{text}” has host bits set. Did you mean {_unmapped(nearest)}?"
