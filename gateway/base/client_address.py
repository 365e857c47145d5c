"""Find a request's client address, trusting only the configured proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network

from runtime.addresses import Address, Network, is_in_any, read_address, read_hop

Client = tuple[str, int] | None
Origin = str | tuple[Client, bytes | None]
"""Where a request came from: the caller's address, or if that is not determined yet, the peer and
the header that names the hops, from which `Proxies` determines it."""

UNKNOWN = ""
"""The address of a caller that cannot be determined. No network contains it."""

X_FORWARDED_FOR, FORWARDED = b"x-forwarded-for", b"forwarded"

# Enough to recognise a site's network, too little to track a person.
_COARSE_V4, _COARSE_V6 = 16, 48

# A longer chain of trusted proxies is a loop, or no chain at all.
_HOPS_MAX = 20

# RFC 7239 §4, with RFC 9110 §5.6 for its parts; spaces where the latter's lists allow them. All of
# it from right to left: the value comes before its name, and backslashes after what they escape.
# One that is left over from the pairs of a run escapes what the run comes after; a quotation mark
# needs that one.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PLAIN, _PAIRS = r"[\t !\x23-\x5b\x5d-\x7e\x80-\xff]", r"(?:\\\\)*+"
_QUOTED = rf'"{_PAIRS}(?:{_PLAIN}++\\*+|"\\{_PAIRS})*+"'
# Unquoted, what proxies really write has colons and brackets in it as well.
_VALUE = rf"{_QUOTED}|[!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]++"
_REVERSED_PAIR = re.compile(rf"[ \t]*+({_VALUE})=({_TOKEN})[ \t]*+")
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
        address belongs to a trusted proxy: the caller can forge anything further left. If a trusted
        proxy does not send the header, the caller is unknown, and so it is if a hop names no
        address (`unknown`, an obfuscated name, an empty element, one that cannot be parsed) or the
        chain is longer than 20 hops: to take the proxy for the caller would open every key that is
        limited to the proxies' own network.

        Args:
            client: the peer; None over a Unix socket.
            values: the header's values, in the order sent.
        """
        peer = _normalized(str(client[0])) if client else UNKNOWN
        if not self.trusted or not self._is_trusted(peer):
            return peer
        hops = _hops_of_forwarded(values) if self.header == FORWARDED else _hops(values)
        caller: Address | None = None
        for count, caller in enumerate(hops, start=1):
            if caller is None or count > _HOPS_MAX:
                return UNKNOWN
            if not is_in_any(caller, self.trusted):
                break
        return UNKNOWN if caller is None else str(caller)

    def network_of(self, origin: Origin) -> str:
        """Return the network of the caller's address; see `address` and `coarse`."""
        if isinstance(origin, str):
            return coarse(origin)
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
    for value in reversed(values):
        for hop in reversed(value.decode("latin-1").rsplit(",", _HOPS_MAX)):
            yield read_hop(hop)


def _hops_of_forwarded(values: Sequence[bytes]) -> Iterator[Address | None]:
    """Yield the hops of `Forwarded` likewise; None is the last one if an element has a mistake.

    Whatever stands further left, such as a quotation mark that the caller has sent, does not change
    what a proxy has appended.
    """
    for value in reversed(values):
        text, position = value.decode("latin-1")[::-1], 0
        while position <= len(text):
            pairs, position = _read_element(text, position)
            yield read_hop(_unquoted(pairs["for"])) if "for" in pairs else None


def _read_element(text: str, position: int) -> tuple[dict[str, str], int]:
    """Read one element of a reversed `Forwarded`.

    Returns:
        its pairs, empty if it cannot be parsed, and the position behind the comma that ends it.
    """
    pairs: dict[str, str] = {}
    while found := _REVERSED_PAIR.match(text, position):
        name, position = found[2][::-1].lower(), found.end()
        if name in pairs:
            break
        pairs[name] = found[1][::-1]
        if position == len(text) or text[position] == ",":
            return pairs, position + 1
        if text[position] != ";":
            break
        position += 1
    return {}, len(text) + 1


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
