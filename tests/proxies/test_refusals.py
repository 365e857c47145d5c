"""Each refusal of the gateway reaches the caller through each proxy as the gateway gave it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from itertools import count

import httpx
import pytest

from gateway.base.thread_pool import Unavailable
from gateway.routes.services import Services
from keys.base.models import KeyView
from keys.credentials.tokens import Token
from tests.proxies.street import IDENTITY, Street, bearer

pytestmark = pytest.mark.sockets
# What a refusal consists of, besides its status and its body.
HEADERS = ("www-authenticate", "retry-after", "content-type", "cache-control")
UNKNOWN = "ak_" + "0" * 12 + "_" + "0" * 43 + "_000000"
Sent = tuple[str, list[tuple[str, str]]]
"""A method, and headers."""


_number = count(1)


def _issue(street: Street, scope: str = "read") -> tuple[KeyView, Token]:
    return street.site.issue(f"refused {next(_number)}", (scope,))


def _no_token(_: Street) -> Sent:
    return "GET", []


def _unknown(_: Street) -> Sent:
    return "POST", [("Authorization", f"Bearer {UNKNOWN}")]


def _revoked(street: Street) -> Sent:
    view, token = _issue(street)
    street.site.revoke(view)
    return "DELETE", [("X-API-Key", token.reveal())]


def _too_little(street: Street) -> Sent:
    return "PUT", list(bearer(_issue(street)[1]).items())


def _neither(street: Street) -> Sent:
    return "GET", list(bearer(_issue(street, "write")[1]).items())


def _too_often(street: Street) -> Sent:
    view, token = _issue(street)
    street.site.limit(view, rate="1/day")
    assert street.get(token).status_code == 200
    return "GET", list(bearer(token).items())


def _two_keys(street: Street) -> Sent:
    token = _issue(street)[1].reveal()
    return "GET", [("X-API-Key", token), ("X-API-Key", token)]


def _two_tokens(street: Street) -> Sent:
    token = _issue(street)[1].reveal()
    return "GET", [("X-API-Key", token), ("Authorization", f"Bearer {UNKNOWN}")]


def _large(street: Street) -> Sent:
    filler = [(f"X-Filler-{number}", "x" * 7_000) for number in range(6)]
    return "GET", [*bearer(_issue(street)[1]).items(), *filler]


CASES: dict[str, tuple[int, Callable[[Street], Sent]]] = {
    "no token": (401, _no_token),
    "unknown": (401, _unknown),
    "revoked": (401, _revoked),
    "two tokens": (401, _two_tokens),
    "needs write": (403, _too_little),
    "needs read": (403, _neither),
    "too often": (429, _too_often),
    "a header twice": (400, _two_keys),
    "large headers": (431, _large),
}


# Envoy makes one header of several, with commas between; such a token is none.
ENVOY = ("a header twice",)


def _facts(answer: httpx.Response) -> tuple[object, ...]:
    return (
        answer.status_code,
        {name: answer.headers.get_list(name) for name in HEADERS if name in answer.headers},
        answer.json(),
    )


def _both(street: Street, sent: Sent) -> tuple[httpx.Response, httpx.Response]:
    method, headers = sent
    through = street.client.request(method, "/a?scope=read", headers=headers)
    told = [*headers, ("X-Original-Method", method)]
    return through, street.direct.request("GET", "/authz", headers=told)


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_the_gateways_own(street: Street, case: str) -> None:
    if street.name == "envoy" and case in ENVOY:
        answer = street.client.request("GET", "/a", headers=CASES[case][1](street)[1])
        assert _facts(answer) == _facts(street.direct.get("/authz"))
        return
    status, make = CASES[case]
    through, direct = _both(street, make(street))
    assert direct.status_code == status
    assert _facts(through) == _facts(direct)
    assert not any(name in through.headers for name in IDENTITY)


@pytest.mark.parametrize("status", [503, 500])
def test_what_the_gateway_cannot_decide_is_its_own_reply(
    street: Street, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(*_: object) -> None:
        raise Unavailable("database") if status == 503 else RuntimeError("made up")

    text = _issue(street)[1].reveal()
    monkeypatch.setattr(Services, "check", check)
    # With both headers, since the fast path leaves that to `Services.check`.
    sent = [*bearer(text).items(), ("X-API-Key", text)]
    through, direct = _both(street, ("GET", sent))
    assert direct.status_code == status
    if street.name == "envoy" and status == 500:
        # Envoy takes each 5xx for no reply, and says its own.
        assert through.status_code == 503
        assert through.json()["code"] == "unavailable"
        return
    assert _facts(through) == _facts(direct)


def test_a_refusal_keeps_the_callers_connection(street: Street) -> None:
    """Otherwise a caller who is refused in a loop makes a connection for each of its requests."""
    statuses = []
    with socket.create_connection(("127.0.0.1", street.proxy.port), 10) as connection:
        stream = connection.makefile("rb")
        for case in ("no token", "needs write", "too often", "a header twice"):
            method, headers = CASES[case][1](street)
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
            connection.sendall(f"{method} /a HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
            statuses.append(int(stream.readline().split()[1]))
            size = 0
            while line := stream.readline().strip().lower():
                assert line != b"connection: close"
                if line.startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            stream.read(size)
    assert statuses[:3] == [401, 403, 429]
    assert statuses[3] == (401 if street.name == "envoy" else 400)


def test_without_an_api_the_failure_is_json(street: Street, key: tuple[object, Token]) -> None:
    with_api = street.get(key[1])
    assert with_api.status_code == 200
    street.api.stop()
    answer = street.get(key[1])
    assert answer.status_code in (502, 503)
    if street.name != "traefik":
        assert json.loads(answer.text).keys() == {"code", "message"}
        assert answer.headers["cache-control"] == "no-store"


def test_without_a_gateway_callers_hear_to_try_again(
    street: Street, key: tuple[object, Token]
) -> None:
    street.site.gateways.pop().stop()
    answer = street.get(key[1])
    if street.name == "traefik":
        assert answer.status_code >= 500
        return
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == "unavailable"
