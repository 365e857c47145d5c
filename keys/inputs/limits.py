"""What a key may be held to: how often it is used, and from where."""

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
    """Return a rate in its usual form, such as `100/minute`; empty for no limit.

    Raises:
        InvalidLimits: with a sentence that says what a rate looks like.
    """
    if not text.strip():
        return ""
    found = _RATE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= COUNT_MAX:
        raise InvalidLimits(
            "A rate limit is a whole number and a time, such as “100/minute”; the times are "
            f"second, minute, hour and day, and {COUNT_MAX:,} is the most."
        )
    return f"{int(found[1])}/{found[2].lower()}"


def check_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Return addresses and networks in CIDR form, each once.

    Raises:
        InvalidLimits: with a sentence that names the one that is neither.
        TokenInText: if one contains a token, which is not named.
    """
    given, networks = tuple(texts), dict[str, None]()
    # All of them at once, since a token with a blank in it arrives in pieces.
    refuse_token(" ".join(given), "list of networks")
    for text in given:
        try:
            networks[str(ip_network(text.strip()))] = None
        except ValueError:
            raise InvalidLimits(_what_is_wrong(text.strip())) from None
    if len(networks) > NETWORKS_MAX:
        raise InvalidLimits(f"There are {len(networks)} networks; {NETWORKS_MAX} is the most.")
    return tuple(networks)


def _what_is_wrong(text: str) -> str:
    try:
        nearest = ip_network(text, strict=False)
    except ValueError:
        return f"“{text[:50]}” is no address or network. One looks like 192.0.2.7 or 10.1.0.0/16."
    return f"“{text}” has address bits beyond its size. Did you mean {nearest}?"


def inside(address: str, networks: Iterable[str]) -> bool:
    """Whether an address is in one of the networks; False for what is no address.

    An IPv4 address in IPv6 clothes (`::ffff:192.0.2.7`) counts as the IPv4 address that it is.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(network) for network in networks)
