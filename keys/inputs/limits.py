"""Limits of a key: its rate limit, and the networks it may be used from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from keys.base.errors import InvalidLimits
from keys.inputs.names import refuse_token
from runtime.addresses import is_in_any, read_address, read_network

NETWORKS_MAX = 20
COUNT_MAX = 1_000_000
_ZONE = re.compile(r"%[^/]*")
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
    """Return addresses and networks in CIDR notation, each once; IPv4-mapped ones as IPv4.

    Raises:
        InvalidLimits: with a sentence that names the invalid one.
        TokenInText: if one contains a token, which the message does not repeat.
    """
    given, networks = tuple(texts), dict[str, None]()
    # All of them together, since a token with a space in it arrives in pieces.
    refuse_token(" ".join(given), "list of networks")
    for text in given:
        try:
            networks[str(read_network(text))] = None
        except ValueError as error:
            raise InvalidLimits(str(error)) from None
    if len(networks) > NETWORKS_MAX:
        raise InvalidLimits(
            f"There are {len(networks)} networks, but the maximum is {NETWORKS_MAX}. Remove some."
        )
    return tuple(networks)


def inside(address: str, networks: Iterable[str]) -> bool:
    """Return whether an address is in one of the networks; False if it is not an address.

    An IPv4-mapped address (`::ffff:192.0.2.7`) is its IPv4 address, on both sides: earlier versions
    stored mapped networks, and zones, as they were typed.
    """
    try:
        found = read_address(address)
    except ValueError:
        return False
    return is_in_any(found, (read_network(_ZONE.sub("", network)) for network in networks))
