"""What each proxy asks the gateway, and what of the reply it passes on to the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.proxies.echo import Arrived, Echo, echo
from tests.proxies.proxies import running
from tests.proxies.raw import answer, head
from tests.proxies.street import IDENTITY, Street

pytestmark = pytest.mark.sockets


@dataclass
class Overheard:
    """A proxy, and in place of the gateway a server that accepts and keeps what it is asked."""

    name: str
    port: int
    gateway: Echo

    def asked(self, *lines: str, method: str = "GET", target: str = "/a?scope=read") -> Arrived:
        """Return the question for a request with these headers."""
        before = len(self.gateway.arrived)
        assert answer(self.port, head(target, *lines, method=method)) in (200, 204)
        (question,) = self.gateway.arrived[before:]
        return question


@pytest.fixture(scope="module")
def overheard(proxy_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overheard]:
    """The proxy at work."""
    folder: Path = tmp_path_factory.mktemp(proxy_name)
    with ExitStack() as stack:
        gateway, api = stack.enter_context(echo()), stack.enter_context(echo())
        proxy = stack.enter_context(
            running(proxy_name, folder, [gateway.port], api.port, ready=200)
        )
        yield Overheard(proxy_name, proxy.port, gateway)


def _values(question: Arrived, name: str) -> list[str]:
    return [value for each, value in question.headers if each == name]


def _methods(question: Arrived) -> list[str]:
    return _values(question, "x-original-method") + _values(question, "x-forwarded-method")


def test_a_preflight_reaches_the_gateway_as_one(overheard: Overheard) -> None:
    """It has no key, and the gateway knows it by its method and these two headers."""
    asked = overheard.asked(
        "Origin: https://app.test", "Access-Control-Request-Method: PUT", method="OPTIONS"
    )
    assert _methods(asked) == ["OPTIONS"]
    assert _values(asked, "origin") == ["https://app.test"]
    assert _values(asked, "access-control-request-method") == ["PUT"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_the_method_is_the_callers_whatever_it_says(overheard: Overheard, method: str) -> None:
    names = ("X-Original-Method", "X-Forwarded-Method", "X_Original_Method", "X_Forwarded_Method")
    forged = [f"{name}: GET" for name in names]
    hops = [f"Connection: close, {', '.join(names)}", *forged]
    for lines in ([], forged, hops, [*hops, "X-Forwarded-Method: OPTIONS"]):
        asked = overheard.asked(*lines, method=method)
        assert _methods(asked) == [method]
        assert asked.target in ("/authz", "/authz/200")
        assert (asked.size, _values(asked, "upgrade")) == (0, [])


def test_the_address_is_the_callers_whatever_it_says(overheard: Overheard) -> None:
    made_up = ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9"]
    hop = [] if overheard.name == "envoy" else ["Connection: X-Forwarded-For, Forwarded"]
    for lines in (made_up, [*made_up, *hop]):  # Envoy's answer to such a hop is a 400
        asked = overheard.asked(*lines)
        hops = ",".join(_values(asked, "x-forwarded-for"))
        assert {hop.strip() for hop in hops.split(",")} == {"127.0.0.1"}
        assert _values(asked, "forwarded") == []


def test_a_websocket_is_a_plain_question(overheard: Overheard) -> None:
    lines = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAA")
    before = len(overheard.gateway.arrived)
    assert answer(overheard.port, head("/a", *lines)) == 101
    (question,) = overheard.gateway.arrived[before:]
    assert _values(question, "upgrade") == []
    assert _methods(question) == ["GET"]


def test_the_five_headers_of_a_key_without_an_owner(street: Street) -> None:
    """nginx sends no empty header; the others do."""
    _, token = street.site.issue("Nobody's", owner=None)
    answered = street.get(token)
    assert answered.status_code == 200, answered.text
    arrived = dict(answered.json()["headers"])
    missing = [name for name in IDENTITY if name not in arrived]
    assert missing == (["x-apikey-owner"] if street.name == "nginx" else [])
    assert arrived.get("x-apikey-owner", "") == ""
