"""Limits of a key: its rate limit, and the networks it may be used from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from keys.base.errors import InvalidLimits
from keys.inputs.names import refuse_token

NETWORKS_MAX = 20
COUNT_MAX = 1_000_000
_RATE = re.compile(r"\s*(\d{1,7})\s*(?:/|per|a|an)\s*(second|minute|hour|day)s?\s*", re.IGNORECASE)


def check_rate(text: str) -> str:
    """Return a rate limit in its standard form, such as `100/minute`; empty for no limit.

    Raises:
        InvalidLimits: with a sentence that shows the format of a rate limit.
    """
    if not text.strip():
        return ""
    found = _RATE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= COUNT_MAX:
        raise InvalidLimits(
            "This is not a rate limit. Enter one such as “100/minute”, with at most "
            f"{COUNT_MAX:,} uses per second, minute, hour or day."
        )
    return f"{int(found[1])}/{found[2].lower()}"


def check_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Return addresses and networks in CIDR notation, each once.

    Raises:
        InvalidLimits: with a sentence that names the invalid one.
        TokenInText: if one contains a token, which the message does not repeat.
    """
    given, networks = tuple(texts), dict[str, None]()
    # All of them together, since a token with a space in it arrives in pieces.
    refuse_token(" ".join(given), "list of networks")
    for text in given:
        try:
            networks[str(ip_network(text.strip()))] = None
        except ValueError:
            raise InvalidLimits(_what_is_wrong(text.strip())) from None
    if len(networks) > NETWORKS_MAX:
        raise InvalidLimits(
            f"There are {len(networks)} networks, but the maximum is {NETWORKS_MAX}. Remove some."
        )
    return tuple(networks)


def _what_is_wrong(text: str) -> str:
    try:
        nearest = ip_network(text, strict=False)
    except ValueError:
        return (
            f"“{text[:50]}” is not an address or network. Enter one like 192.0.2.7 or 10.1.0.0/16."
        )
    return f"“{text}” has host bits set. Did you mean {nearest}?"


def inside(address: str, networks: Iterable[str]) -> bool:
    """Return whether an address is in one of the networks; False if it is not an address.

    An IPv4-mapped IPv6 address (`::ffff:192.0.2.7`) counts as its IPv4 address.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(network) for network in networks)
