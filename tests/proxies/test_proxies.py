"""Proxies from the documentation, seen from outside: nothing forged gets in, no token through."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from keys.base.models import KeyView
from keys.credentials.tokens import Token
from tests.proxies.street import IDENTITY, Street

pytestmark = pytest.mark.sockets
BODY = bytes(range(256)) * 40 * 1024  # 10 MB


def arrived(answer: httpx.Response) -> list[tuple[str, str]]:
    """The headers that reached the API."""
    assert answer.status_code == 200, answer.text
    return [(name.lower(), value) for name, value in answer.json()["headers"]]


PREFLIGHT = {"Origin": "https://app.test", "Access-Control-Request-Method": "DELETE"}


def test_a_preflight_reaches_the_api_without_a_key_and_without_a_name(street: Street) -> None:
    forged = dict.fromkeys(IDENTITY, "key_of_another")
    headers = dict(arrived(street.send("OPTIONS", "", **PREFLIGHT, **forged)))
    assert not any(headers.get(name) for name in IDENTITY)
    assert headers["origin"] == PREFLIGHT["Origin"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_nothing_else_passes_for_a_preflight(street: Street, method: str) -> None:
    lies = {"X-Original-Method": "OPTIONS", "X-Forwarded-Method": "OPTIONS"}
    assert street.send(method, "", **PREFLIGHT, **lies).status_code == 401
    assert street.send("OPTIONS", "").status_code == 401
    assert street.send("OPTIONS", "", Origin="https://app.test").status_code == 401
    assert street.send("OPTIONS", "ak_no_key", **PREFLIGHT).status_code == 401


def test_the_api_learns_who_it_is_and_never_the_token(
    street: Street, key: tuple[KeyView, Token]
) -> None:
    view, token = key
    both = street.send("GET", token, **{"X-API-Key": token.reveal()})
    for answer in (street.get(token), both, street.get("", **{"X-API-Key": token.reveal()})):
        headers = arrived(answer)
        assert dict(headers)["x-apikey-id"] == view.id
        assert {name for name, _ in headers}.isdisjoint({"authorization", "x-api-key"})
        assert token.secret not in str(headers)


@pytest.mark.parametrize("spell", [str.lower, str.upper, lambda name: name.replace("-", "_")])
def test_forged_identity_never_arrives(
    street: Street, key: tuple[KeyView, Token], spell: Any
) -> None:
    view, token = key
    forged = {spell(name): "made up" for name in IDENTITY}
    headers = arrived(street.get(token, **forged))
    assert "made up" not in str(headers)
    assert [value for name, value in headers if name == "x-apikey-id"] == [view.id]


def test_without_a_good_token_nobody_passes(street: Street) -> None:
    for token in ("", "nonsense", "ak_" + "0" * 12 + "_" + "0" * 43 + "_000000"):
        answer = street.get(token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "forged",
    [{}, {"X-Original-Method": "GET"}, {"X-Forwarded-Method": "GET"}, {"path": "/a?scope=read"}],
)
def test_a_reading_key_cannot_write_whatever_it_says(
    street: Street, key: tuple[KeyView, Token], forged: dict[str, str]
) -> None:
    answer = street.send("POST", key[1], content=b"{}", **forged)
    assert answer.status_code == 403


def test_a_key_that_may_write_does_and_the_body_arrives_whole(street: Street) -> None:
    _, token = street.site.issue("Uploads, nightly", ("write",))
    got = street.send("POST", token, content=BODY).json()
    assert got["size"] == len(BODY)
    assert got["sha256"] == hashlib.sha256(BODY).hexdigest()


def test_used_too_often_is_a_429_that_says_when(street: Street, key: tuple[KeyView, Token]) -> None:
    view, token = key
    street.site.limit(view, rate="2/day")
    assert [street.get(token).status_code for _ in range(3)] == [200, 200, 429]
    answer = street.get(token)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_networks_are_those_of_the_caller_behind_the_proxy(
    street: Street, key: tuple[KeyView, Token]
) -> None:
    view, token = key
    street.site.limit(view, "203.0.113.0/24")
    assert street.get(token).status_code == 401
    assert street.get(token, **{"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    street.site.limit(view, "127.0.0.0/8")
    assert street.get(token).status_code == 200


def test_after_a_revocation_the_next_request_is_refused(
    street: Street, key: tuple[KeyView, Token]
) -> None:
    view, token = key
    assert {street.get(token).status_code for _ in range(200)} == {200}
    assert street.site.revoke(view).everywhere
    assert {street.get(token).status_code for _ in range(20)} == {401}


def test_without_a_gateway_nobody_passes(street: Street, key: tuple[KeyView, Token]) -> None:
    """The last one: its gateway does not come back."""
    street.site.gateways.pop().stop()
    assert street.get(key[1]).status_code >= 500
