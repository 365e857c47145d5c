"""Proxies from the documentation, seen from outside: nothing forged gets in, no token through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.base.client_address import Proxies
from gateway.base.options import Options, read_networks
from keys.base.models import KeyView
from keys.credentials.tokens import Token
from tests.gateway.site import Site
from tests.proxies.echo import echo
from tests.proxies.proxies import PROXIES, missing, running

pytestmark = pytest.mark.sockets
BODY = bytes(range(256)) * 40 * 1024  # 10 MB
IDENTITY = ("x-apikey-id", "x-apikey-name", "x-apikey-owner", "x-apikey-scopes", "x-apikey-account")


@dataclass
class Street:
    """A caller, a proxy, a gateway and an API, one behind the other."""

    site: Site
    client: httpx.Client

    def get(self, token: Token | str = "", **headers: str) -> httpx.Response:
        return self.send("GET", token, **headers)

    def send(self, method: str, token: Token | str, **more: Any) -> httpx.Response:
        text = token if isinstance(token, str) else token.reveal()
        given = {"Authorization": f"Bearer {text}"} if text else {}
        content, path = more.pop("content", None), more.pop("path", "/documents")
        return self.client.request(method, path, headers=given | more, content=content)


@pytest.fixture(scope="module", params=sorted(PROXIES))
def street(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Street]:
    if why := missing(request.param):
        pytest.skip(why)
    folder: Path = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        site = Site(f"sqlite:///{folder / 'keys.db'}")
        stack.callback(site.close)
        site.open(1, Options(proxies=Proxies(read_networks("127.0.0.1"))))
        api = stack.enter_context(echo())
        address = stack.enter_context(
            running(request.param, folder, site.gateways[0].port, api.port)
        )
        client = stack.enter_context(httpx.Client(base_url=address, timeout=20, trust_env=False))
        yield Street(site, client)


@pytest.fixture
def key(street: Street, request: pytest.FixtureRequest) -> tuple[KeyView, Token]:
    """A reading key of the test's own."""
    return street.site.issue(request.node.name[:70])


def arrived(answer: httpx.Response) -> list[tuple[str, str]]:
    """The headers that reached the API."""
    assert answer.status_code == 200, answer.text
    return [(name.lower(), value) for name, value in answer.json()["headers"]]


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
