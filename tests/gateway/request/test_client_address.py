"""Whose X-Forwarded-For is trusted."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.base.options import Options, read_networks
from gateway.request.client_address import address


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
    ],
)
def test_address(peer: str, forwarded: list[str], trusted: str, expected: str) -> None:
    scope: dict[str, Any] = {"client": (peer, 1) if peer else None}
    values = [value.encode("latin-1") for value in forwarded]
    assert address(scope.get("client"), values, read_networks(trusted)) == expected


@pytest.mark.parametrize("text", ["localhost", "10.0.0.1/8", "10.0.0.0/99", "1.2.3.4 5.6.7.8"])
def test_networks_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not an IP address or network"):
        read_networks(text)


@pytest.mark.parametrize(
    "changes",
    [{"threads": 0}, {"deadline": 0}, {"waiting": -1}, {"max_body": 10}, {"flush_every": -1}],
)
def test_options_that_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Options(**changes)
