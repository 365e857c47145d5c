"""Rates and networks: what people type, and which addresses are inside."""

from __future__ import annotations

import pytest
from hypothesis import given
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
