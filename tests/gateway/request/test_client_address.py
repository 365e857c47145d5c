"""Whose X-Forwarded-For is trusted."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.base.options import Options, read_networks
from gateway.request.client_address import address, coarse
from keys.base.errors import InvalidLimits
from keys.inputs.limits import check_networks


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("192.0.2.1", ["203.0.113.9"], "", "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "10.0.0.0/8", "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.9, 10.0.0.2"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.0/8", "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", ["\xff\x00"], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.0/8", "10.0.0.1"),
        ("::1", ["2001:DB8::1"], "::1, 127.0.0.1", "2001:db8::1"),
        ("", ["203.0.113.9"], "127.0.0.1", ""),
        # IPv4-mapped: the peer on a socket for both versions, a hop, and the setting.
        ("::ffff:198.51.100.4", [], "", "198.51.100.4"),
        ("::ffff:10.9.9.9", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        ("10.9.9.9", ["203.0.113.9"], "::ffff:10.0.0.0/104", "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, ::ffff:10.0.0.2"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["::FFFF:203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        # Ports, brackets, quotation marks and zones.
        ("10.0.0.1", ["203.0.113.9:4711"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9:4711, 10.0.0.2:80"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::9]:4711"], "10.0.0.0/8", "2001:db8::9"),
        ("10.0.0.1", ["[2001:db8::9]"], "10.0.0.0/8", "2001:db8::9"),
        ("10.0.0.1", ['"[2001:db8::9]:4711"'], "10.0.0.0/8", "2001:db8::9"),
        ("10.0.0.1", ["[::ffff:203.0.113.9]:4711"], "10.0.0.0/8", "203.0.113.9"),
        ("fe80::1%eth0", ["2001:db8::9"], "fe80::/10", "2001:db8::9"),
        ("10.0.0.1", ["fe80::7%eth0"], "10.0.0.0/8", "fe80::7"),
        ("::ffff:10.0.0.1%eth0", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        # What names no address ends it: anyone further left may have forged it.
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, _hidden"], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, _SEVKISEK:99"], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2:port"], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, [10.0.0.2"], "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9,"], "10.0.0.0/8", "10.0.0.1"),
    ],
)
def test_address(peer: str, forwarded: list[str], trusted: str, expected: str) -> None:
    scope: dict[str, Any] = {"client": (peer, 1) if peer else None}
    values = [value.encode("latin-1") for value in forwarded]
    assert address(scope.get("client"), values, read_networks(trusted)) == expected


@pytest.mark.parametrize(
    "text",
    ["localhost", "10.0.0.1/8", "10.0.0.0/99", "1.2.3.4 5.6.7.8", "::ffff:0:0/95", "fe80::%e/64"],
)
def test_a_setting_refuses_what_a_key_refuses_with_the_same_sentence(text: str) -> None:
    with pytest.raises(InvalidLimits) as of_a_key:
        check_networks([text])
    with pytest.raises(ValueError, match=r"Enter|Did you mean") as of_a_setting:
        read_networks(text)
    assert str(of_a_setting.value) == str(of_a_key.value)


@pytest.mark.parametrize(
    ("found", "network"),
    [("::ffff:10.1.2.3", "10.1.0.0/16"), ("10.1.2.3", "10.1.0.0/16"), ("fe80::1%x", "fe80::/48")],
)
def test_the_network_that_is_kept_of_a_mapped_address_is_that_of_its_ipv4_address(
    found: str, network: str
) -> None:
    assert coarse(found) == network


@pytest.mark.parametrize(
    "changes",
    [{"threads": 0}, {"deadline": 0}, {"waiting": -1}, {"max_body": 10}, {"flush_every": -1}],
)
def test_options_that_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Options(**changes)
