"""Find a request's client address, trusting only the configured proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network

from runtime.addresses import Address, Network, is_in_any, read_address, read_hop

Client = tuple[str, int] | None
Origin = tuple[Client, bytes | None]
"""A request's peer and the header that names its hops, from which `Proxies` finds the client."""

UNKNOWN = ""
"""The address of a caller that cannot be determined. No network contains it."""

X_FORWARDED_FOR, FORWARDED = b"x-forwarded-for", b"forwarded"

# Enough to recognise a site's network, too little to track a person.
_COARSE_V4, _COARSE_V6 = 16, 48

# RFC 7239 §4, with RFC 9110 §5.6 for its parts; spaces where the latter's lists allow them.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t !\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t -\x7e\x80-\xff])*"'
# Unquoted, what proxies really write has colons and brackets in it as well.
_VALUE = rf"{_QUOTED}|[!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]+"
_PAIR = re.compile(rf"[ \t]*({_TOKEN})=({_VALUE})[ \t]*")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies that are trusted, and the header in which they name whom they had a request from.

    Attributes:
        trusted: their networks. Any other client could send any address.
        header: `x-forwarded-for`, or `forwarded` (RFC 7239). Only this one is read: a caller can
            send the other, and a proxy that does not write it leaves it as it is.
    """

    trusted: tuple[Network, ...] = ()
    header: bytes = X_FORWARDED_FOR

    def address(self, client: Client, values: Sequence[bytes]) -> str:
        """Return the caller's IP address; UNKNOWN if it cannot be determined.

        The header is read from its right end, where the nearest proxy writes, for as long as each
        address belongs to a trusted proxy: the caller can forge anything further left. A hop
        without an address (`unknown`, an obfuscated name, an empty element, a header that cannot
        be parsed) makes the caller unknown: to take the proxy for the caller would open every key
        that is limited to the proxies' own network.

        Args:
            client: the peer; None over a Unix socket.
            values: the header's values, in the order sent; none if the proxy asks for itself.
        """
        peer = _normalized(str(client[0])) if client else UNKNOWN
        if not self.trusted or not values or not self._is_trusted(peer):
            return peer
        hops = _hops_of_forwarded(values) if self.header == FORWARDED else _hops(values)
        found: Address | None = None
        for found in hops:
            if found is None or not is_in_any(found, self.trusted):
                break
        return UNKNOWN if found is None else str(found)

    def network_of(self, origin: Origin) -> str:
        """Return the network of the caller's address; see `address` and `coarse`."""
        client, value = origin
        return coarse(self.address(client, () if value is None else (value,)))

    def _is_trusted(self, peer: str) -> bool:
        try:
            here = read_address(peer)
        except ValueError:
            return False
        return is_in_any(here, self.trusted)


def _hops(values: Sequence[bytes]) -> Iterator[Address | None]:
    """Yield the hops of `X-Forwarded-For`, the nearest first; None for one without an address."""
    for hop in reversed(b",".join(values).decode("latin-1").split(",")):
        yield read_hop(hop)


def _hops_of_forwarded(values: Sequence[bytes]) -> Iterator[Address | None]:
    """Yield the hops of `Forwarded` likewise."""
    for value in reversed(values):
        yield from reversed(_read_forwarded(value))


def _read_forwarded(value: bytes) -> list[Address | None]:
    """Return the hops of one header's value, in the order sent.

    Returns:
        None alone if it cannot be parsed as a whole: a quotation mark that the caller has sent
        changes the meaning of all that follows.
    """
    text, hops, position = value.decode("latin-1"), list[Address | None](), 0
    while True:
        pairs: dict[str, str] = {}
        while found := _PAIR.match(text, position):
            name, position = found[1].lower(), found.end()
            if name in pairs:
                return [None]
            pairs[name] = found[2]
            if text[position : position + 1] != ";":
                break
            position += 1
        hops.append(read_hop(_unquoted(pairs["for"])) if "for" in pairs else None)
        if position == len(text):
            return hops
        if text[position] != ",":
            return [None]
        position += 1


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _normalized(peer: str) -> str:
    """Return a peer's address, as keys and settings have it; an IPv4 one is as it is."""
    if ":" not in peer:
        return peer
    try:
        return str(read_address(peer))
    except ValueError:
        return peer


@lru_cache(maxsize=4_096)
def coarse(found: str) -> str:
    """Return an address's network, such as `10.1.0.0/16`; empty if it is not an address."""
    try:
        parsed = read_address(found)
    except ValueError:
        return ""
    size = _COARSE_V4 if parsed.version == 4 else _COARSE_V6
    return str(ip_network((parsed, size), strict=False))
