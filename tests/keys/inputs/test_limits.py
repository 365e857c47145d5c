"""Rates and networks: what people type, and which addresses are inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from limits import parse

from keys.base.errors import InvalidLimits
from keys.inputs.limits import check_networks, check_rate, inside


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  ", ""),
        ("100/minute", "100/minute"),
        (" 5 per Second ", "5/second"),
        ("007 an hour", "7/hour"),
        ("1000000/days", "1000000/day"),
    ],
)
def test_rates(typed: str, kept: str) -> None:
    assert check_rate(typed) == kept


@pytest.mark.parametrize(
    "typed", ["0/minute", "-1/minute", "100", "a/minute", "1/week", "1000001/day", "1.5/hour"]
)
def test_what_is_no_rate_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidLimits, match="100/minute"):
        check_rate(typed)


@given(st.integers(1, 1_000_000), st.sampled_from(["second", "minute", "hour", "day"]))
def test_every_rate_is_one_that_the_library_reads(count: int, unit: str) -> None:
    item = parse(check_rate(f"{count}/{unit}"))
    assert (item.amount, item.GRANULARITY.name) == (count, unit)


@pytest.mark.parametrize("text", ["all", "10.0.0.0/33", "10.0.0", "", "2001:db8::/129"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(InvalidLimits, match=r"192\.0\.2\.7"):
        check_networks([text])


def test_a_network_with_too_many_bits_gets_a_suggestion() -> None:
    with pytest.raises(InvalidLimits, match=r"Did you mean 10\.1\.0\.0/16\?"):
        check_networks(["10.1.2.3/16"])


def test_networks_are_kept_once_and_in_their_usual_form() -> None:
    typed = [" 10.0.0.0/8", "192.0.2.7", "10.0.0.0/8", "2001:DB8::/32"]
    assert check_networks(typed) == ("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::FFFF:c000:0200/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7/128", "192.0.2.7/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_ipv4_mapped_networks_are_kept_as_ipv4(typed: str, kept: str) -> None:
    assert check_networks([typed]) == (kept,)
    assert check_networks([typed, kept]) == (kept,)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("::ffff:0:0/95", "wider than all IPv4 addresses, ::ffff:0:0/96. Enter an IPv4 network"),
        ("::ffff:192.0.2.0/90", "wider than all IPv4 addresses, ::ffff:0:0/96. Enter an IPv4"),
        ("::ffff:192.0.2.7/120", "host bits set. Did you mean 192.0.2.0/24?"),
        ("fe80::1%eth0", "has a zone. Enter it without “%”"),
        ("::ffff:10.0.0.0%1/104", "has a zone. Enter it without “%”"),
    ],
)
def test_what_would_never_match_is_refused_with_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidLimits) as refused:
        check_networks([typed])
    assert sentence in str(refused.value)


V4 = st.ip_addresses(v=4)


@given(V4, st.integers(0, 32), V4)
def test_a_mapped_network_and_its_ipv4_network_hold_the_same_addresses(
    base: IPv4Address, prefix: int, other: IPv4Address
) -> None:
    plain = ip_network((base, prefix), strict=False)
    mapped = f"::ffff:{plain.network_address}/{prefix + 96}"
    (kept,) = check_networks([mapped])
    assert kept == str(plain)
    for address in (base, other):
        expected = address in plain
        # As stored by an earlier version, too, and as a peer on a socket for both versions.
        for network in (kept, mapped, str(ip_network(mapped))):
            assert inside(str(address), [network]) is expected
            assert inside(f"::ffff:{address}", [network]) is expected


@given(st.ip_addresses(v=6), st.integers(0, 128), st.ip_addresses(v=6))
def test_other_networks_hold_what_ipaddress_says(
    base: IPv6Address, prefix: int, other: IPv6Address
) -> None:
    assume(base.ipv4_mapped is None and other.ipv4_mapped is None)
    network = ip_network((base, prefix), strict=False)
    assert inside(str(base), check_networks([str(network)]))
    assert inside(str(other), check_networks([str(network)])) is (other in network)
    assert inside(f"{other}%eth0", [str(network)]) is (other in network)


def test_a_zone_that_an_earlier_version_stored_is_passed_over() -> None:
    assert inside("fe80::7", ["fe80::%eth0/64"])
    assert not inside("fe81::7", ["fe80::%eth0/64"])


def test_no_more_than_twenty() -> None:
    with pytest.raises(InvalidLimits, match="21"):
        check_networks([f"10.0.0.{last}" for last in range(21)])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_inside(address: str, expected: bool) -> None:
    assert inside(address, ("10.0.0.0/8", "2001:db8::/32")) is expected
