"""Whose X-Forwarded-For is trusted."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.base.client_address import FORWARDED, UNKNOWN, X_FORWARDED_FOR, Proxies, coarse
from gateway.base.options import Options, read_networks
from gateway.request.headers import parse
from keys.base.errors import InvalidLimits
from keys.inputs.limits import check_networks, inside


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("192.0.2.1", ["203.0.113.9"], "", "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "10.0.0.0/8", "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.9, 10.0.0.2"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.0/8", "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["\xff\x00"], "10.0.0.0/8", ""),
        ("10.0.0.1", [], "10.0.0.0/8", ""),
        ("::ffff:10.0.0.1", [], "10.0.0.0/8", ""),
        ("10.0.0.1", [""], "10.0.0.0/8", ""),
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
        # What names no address makes the caller unknown: not the proxy.
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9, _hidden"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9, _SEVKISEK:99"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2:port"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9, [10.0.0.2"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9,"], "10.0.0.0/8", ""),
        # Odd spellings.
        ("10.0.0.1", ["203.0.113.9:_a-b.c1"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::9]:_x"], "10.0.0.0/8", "2001:db8::9"),
        ("10.0.0.1", ["203.0.113.9:_"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9:"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9:65535"], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9:65536"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["[2001:db8::9]:99999"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["203.0.113.9:\xb2"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["2001:db8::1:4711"], "10.0.0.0/8", "2001:db8::1:4711"),
        ("10.0.0.1", ["2001:db8:0:0:0:0:0:1:4711"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["::ffff:203.0.113.9:4711"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["[203.0.113.9]"], "10.0.0.0/8", ""),
        ("10.0.0.1", ['"203.0.113.9"'], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ['"203.0.113.9'], "10.0.0.0/8", ""),
        ("10.0.0.1", ['203.0.113.9"'], "10.0.0.0/8", ""),
        ("10.0.0.1", ['""203.0.113.9""'], "10.0.0.0/8", ""),
        ("10.0.0.1", [" \t203.0.113.9\t "], "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6,\x1f203.0.113.9"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["6.6.6.6,\xa0203.0.113.9"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["6.6.6.6,203.0.113.9\x85"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["fe80::7%eth0\x1f"], "10.0.0.0/8", ""),
        ("10.0.0.1", ["fe80::7%" + "e" * 200], "10.0.0.0/8", ""),
    ],
)
def test_address(peer: str, forwarded: list[str], trusted: str, expected: str) -> None:
    scope: dict[str, Any] = {"client": (peer, 1) if peer else None}
    values = [value.encode("latin-1") for value in forwarded]
    assert Proxies(read_networks(trusted)).address(scope.get("client"), values) == expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (["for=203.0.113.9"], "203.0.113.9"),
        (["For=203.0.113.9;proto=http;by=203.0.113.43"], "203.0.113.9"),
        (['for="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::17"),
        (['for="203.0.113.9:4711"'], "203.0.113.9"),
        (["for=203.0.113.9:4711"], "203.0.113.9"),
        (['for="\\2\\03.0.113.9"'], "203.0.113.9"),
        (["for=6.6.6.6, for=203.0.113.9"], "203.0.113.9"),
        (["for=6.6.6.6", "for=203.0.113.9, for=10.0.0.2"], "203.0.113.9"),
        (['for=6.6.6.6;host="a,b;c", for=203.0.113.9'], "203.0.113.9"),
        (["for=10.0.0.3, for=10.0.0.2"], "10.0.0.3"),
        (["for=203.0.113.9;extension=x"], "203.0.113.9"),
        (["proto=https"], UNKNOWN),
        (["for=unknown"], UNKNOWN),
        (["for=_gazonk, for=10.0.0.2"], UNKNOWN),
        (["for=203.0.113.9;for=10.0.0.9"], UNKNOWN),
        (["for=203.0.113.9,"], UNKNOWN),
        (["for=203.0.113.9 for=10.0.0.9"], UNKNOWN),
        ([""], UNKNOWN),
        (["\xff"], UNKNOWN),
        ([], UNKNOWN),
        (["for=203.0.113.9:_x"], "203.0.113.9"),
        (['for="[2001:db8::9]:_x"'], "2001:db8::9"),
        (["for=203.0.113.9:99999"], UNKNOWN),
        (["for=2001:db8::1:4711"], "2001:db8::1:4711"),
        (["for=6.6.6.6, for=203.0.113.9;FOR=203.0.113.9"], UNKNOWN),
        (["for=6.6.6.6, for=203.0.113.9;proto=http;proto=http"], UNKNOWN),
        (['for="203.0.113.9'], UNKNOWN),
        (['for=203.0.113.9"'], UNKNOWN),
        (['for="203.0.113.9\\"'], UNKNOWN),
        (["for=6.6.6.6,\x1ffor=203.0.113.9"], UNKNOWN),
        (["for=6.6.6.6,\xa0for=203.0.113.9"], UNKNOWN),
        (["for=203.0.113.9;"], UNKNOWN),
        ([r'for=203.0.113.9;host="a\\\", for=6.6.6.6"'], "203.0.113.9"),
        ([r'for=203.0.113.9;host="a\\"'], "203.0.113.9"),
        # Quotation marks of a caller, in front of what the proxy appends.
        (['for=6.6.6.6;x=", for=203.0.113.9'], "203.0.113.9"),
        (['for=6.6.6.6;x=", for="[2001:db8::9]"'], "2001:db8::9"),
        (['for=6.6.6.6;x=", for=203.0.113.9;proto="http";by="x"'], "203.0.113.9"),
    ],
)
def test_the_address_in_forwarded(forwarded: list[str], expected: str) -> None:
    proxies = Proxies(read_networks("10.0.0.0/8"), FORWARDED)
    values = [value.encode("latin-1") for value in forwarded]
    assert proxies.address(("10.0.0.1", 1), values) == expected


def _model(peer: str, hops: list[str], trusted: str) -> str:
    """The rule again, from the standard library alone: plain addresses and words."""
    network = ip_network(trusted)
    for at in [peer, *reversed(hops)]:
        try:
            caller = ip_address(at)
        except ValueError:
            return UNKNOWN
        if caller not in network:
            break
    return str(caller)


ADDRESSES = st.one_of(
    st.ip_addresses(v=4, network="10.0.0.0/8"), st.ip_addresses(v=4), st.ip_addresses(v=6)
).map(str)
WORDS = st.sampled_from(["", "unknown", "_hidden", "-", "10.0.0", "[", "[]", "1.2.3.4.5", "::g"])


@given(
    peer=ADDRESSES.filter(lambda text: ":" not in text),
    hops=st.lists(st.tuples(ADDRESSES | WORDS, st.integers(0, 2)), min_size=1, max_size=5),
    at=st.integers(0, 5),
)
def test_every_spelling_leads_to_the_caller_of_the_model(
    peer: str, hops: list[tuple[str, int]], at: int
) -> None:
    plain = [hop for hop, _ in hops]
    # A mapped address is its IPv4 one: the model gets that.
    plain = [str(getattr(_parsed(hop), "ipv4_mapped", None) or hop) for hop in plain]
    expected = _model(peer, plain, "10.0.0.0/8")
    trusted = read_networks("10.0.0.0/8")
    spelled = [_spelled(hop, how) for hop, how in hops]
    lines = [line for line in (spelled[:at], spelled[at:]) if line]
    sent = [", ".join(line).encode() for line in lines]
    assert Proxies(trusted).address((peer, 1), sent) == expected
    pairs = [[f'proto=http;for="{hop}"' for hop in line] for line in lines]
    sent = [", ".join(line).encode() for line in pairs]
    assert Proxies(trusted, FORWARDED).address((peer, 1), sent) == expected
    # The other header is not read.
    headers = parse(
        [(b"x-forwarded-for", b"6.6.6.6"), *((b"forwarded", one) for one in sent)], 9999
    )
    assert Proxies(trusted, FORWARDED).address((peer, 1), headers.hops(FORWARDED)) == expected
    if expected == UNKNOWN:
        assert not inside(expected, ["0.0.0.0/0", "::/0"])


def _parsed(hop: str) -> object:
    try:
        return ip_address(hop)
    except ValueError:
        return None


def _spelled(hop: str, how: int) -> str:
    if _parsed(hop) is None or how == 0:
        return hop
    wrapped = f"[{hop}]" if ":" in hop else hop
    return f"{wrapped}:4711" if how == 1 else (wrapped if ":" in hop else f"::ffff:{hop}")


@given(st.binary(max_size=60), st.sampled_from([b"x-forwarded-for", b"forwarded"]))
def test_whatever_stands_in_front_of_what_the_proxy_appends_makes_nobody_another(
    sent: bytes, header: bytes
) -> None:
    appended = b"for=203.0.113.9" if header == FORWARDED else b"203.0.113.9"
    proxies = Proxies(read_networks("10.0.0.0/8"), header)
    assert proxies.address(("10.0.0.1", 1), [sent + b", " + appended]) == "203.0.113.9"


@pytest.mark.parametrize("header", [X_FORWARDED_FOR, FORWARDED])
@pytest.mark.parametrize("lines", [1, 3])
def test_of_a_chain_of_more_than_20_hops_the_caller_is_unknown(header: bytes, lines: int) -> None:
    proxies = Proxies(read_networks("10.0.0.0/8"), header)
    name = b"for=" if header == FORWARDED else b""

    def address(trusted: int) -> str:
        hops = [name + b"203.0.113.9", *[name + b"10.0.0.2"] * trusted]
        size = -(-len(hops) // lines)
        sent = [b", ".join(hops[at : at + size]) for at in range(0, len(hops), size)]
        return proxies.address(("10.0.0.1", 1), sent)

    found = [address(trusted) for trusted in (0, 5, 19, 20, 21, 2_000)]
    assert found == ["203.0.113.9"] * 3 + [UNKNOWN] * 3


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
