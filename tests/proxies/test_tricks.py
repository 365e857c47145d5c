"""Nothing that a caller makes up takes the identity away, adds one, or lets a token through."""

from __future__ import annotations

import re
from itertools import product

import pytest

from keys.base.models import KeyView
from keys.credentials.tokens import Token
from tests.proxies.echo import Arrived
from tests.proxies.raw import answer, connect, head
from tests.proxies.street import IDENTITY, Street

pytestmark = pytest.mark.sockets
OURS = (*IDENTITY, "x-forwarded-for", "x-forwarded-method", "x-original-method")
# What HTTP allows in a header's name besides letters and digits (RFC 9110 §5.6.2).
MARKS = "-_.!#$%&'*+^`|~"


def spelled(name: str) -> str:
    """Return a header's name as CGI, WSGI and PHP read it."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def check(request: Arrived, view: KeyView, *tokens: Token) -> None:
    """The API learned who it is, of each header once, and no token in any spelling."""
    told: dict[str, list[str]] = {}
    for name, value in (*request.headers, *request.trailers):
        told.setdefault(spelled(name), []).append(value)
    assert told["X_APIKEY_ID"] == [view.id]
    assert told["X_APIKEY_SCOPES"] == ["read"]
    assert told["X_APIKEY_ACCOUNT"] == [view.account_id]
    assert told.get("X_APIKEY_OWNER", [""]) == [view.owner or ""]
    assert len(told["X_APIKEY_NAME"]) == 1
    assert {"AUTHORIZATION", "X_API_KEY"}.isdisjoint(told)
    for token in tokens:
        assert token.secret not in str(told)


def ask(street: Street, token: Token, *lines: str, method: str = "GET") -> Arrived | int:
    """Return the request as it reached the API, or the status if it did not."""
    before = len(street.api.arrived)
    status = answer(
        street.proxy.port,
        head("/a", f"Authorization: Bearer {token.reveal()}", *lines, method=method),
    )
    new = street.api.arrived[before:]
    assert len(new) == (status == 200)
    return new[0] if new else status


@pytest.mark.parametrize("hop", ["Connection", "TE", "Trailer", "Upgrade", "Keep-Alive"])
@pytest.mark.parametrize("first", ["", "close, ", "keep-alive, ", "Upgrade, "])
def test_no_header_of_ours_is_a_hop(
    street: Street, key: tuple[KeyView, Token], hop: str, first: str
) -> None:
    """A caller that names the identity in Connection and the like would become nobody."""
    view, token = key
    for named in ((*OURS,), *((name,) for name in OURS), ("Authorization", "X-API-Key")):
        arrived = ask(street, token, f"{hop}: {first}{', '.join(named)}")
        if isinstance(arrived, Arrived):
            check(arrived, view, token)
        else:
            assert arrived in (0, 400, 401, 403, 501)


def test_hops_on_several_lines(street: Street, key: tuple[KeyView, Token]) -> None:
    view, token = key
    for close in ("close", "keep-alive"):
        lines = [f"Connection: {close}", *(f"Connection: {name.title()}" for name in OURS)]
        arrived = ask(street, token, *lines)
        if isinstance(arrived, Arrived):
            check(arrived, view, token)
        else:
            assert (arrived, street.name) == (400, "envoy")


def test_made_up_identity_never_arrives_however_it_is_spelled(
    street: Street, key: tuple[KeyView, Token]
) -> None:
    view, token = key
    for one, two in product(MARKS, MARKS):
        lines = [f"X{one}Apikey{two}{part}: made up" for part in ("Id", "Name", "Scopes")]
        arrived = ask(street, token, *lines)
        if isinstance(arrived, Arrived):
            check(arrived, view, token)
            assert "made up" not in str(arrived), (one, two)
        else:
            assert arrived in (400, 403), (one, two)


def test_a_token_never_arrives_however_its_header_is_spelled(
    street: Street, key: tuple[KeyView, Token]
) -> None:
    view, token = key
    other = street.site.issue(f"Other {street.name}")[1]
    for one, two in product(MARKS, MARKS):
        if one == two == "-":
            continue
        arrived = ask(street, token, f"X{one}API{two}Key: {other.reveal()}")
        if isinstance(arrived, Arrived):
            check(arrived, view, token, other)
        else:
            assert arrived in (400, 403), (one, two)


def test_a_second_token_never_arrives(street: Street, key: tuple[KeyView, Token]) -> None:
    view, token = key
    other = street.site.issue(f"Second {street.name}")[1]
    for line in (
        f"Authorization: Bearer {other.reveal()}",
        f"authorization: Basic {other.reveal()}",
        f"X-API-Key: {other.reveal()}",
    ):
        assert ask(street, token, line) in (400, 401)
    arrived = ask(street, token, f"X-Api-Key: {token.reveal()}")
    assert isinstance(arrived, Arrived)
    check(arrived, view, token)


def test_trailers_bring_nothing(street: Street, key: tuple[KeyView, Token]) -> None:
    """Some servers add a body's trailers to the request's headers."""
    view, token = street.site.issue(f"Trailers {street.name}", ("read", "write"))
    forged = [*(f"{name}: made up" for name in IDENTITY), f"X-API-Key: {token.reveal()}"]
    body = "\r\n".join(["3", "abc", "0", *forged, "", ""]).encode()
    for line in (["Trailer: " + ", ".join((*IDENTITY, "X-API-Key"))], []):
        before = len(street.api.arrived)
        lines = (f"Authorization: Bearer {token.reveal()}", "Transfer-Encoding: chunked", *line)
        status = answer(street.proxy.port, head("/a", *lines, method="POST") + body)
        for request in street.api.arrived[before:]:
            assert "made up" not in str(request)
            assert token.secret not in str(request)
            assert request.value("x-apikey-id") == view.id
        assert status in (200, 400)
    assert key


TARGETS = (
    "/",
    "//",
    "/a//b",
    "/a/../b",
    "/a/./b",
    "/../../etc",
    "/%2e%2e/%2e%2e/b",
    "/a%2fb",
    "/a%2Fb%2F..%2Fc",
    "/a;x=1/b",
    "/a\\..\\b",
    "/%00",
    "/%",
    "/a?scope=read&scope=",
    "/a#b",
    "/_authz",
    "/authz",
    "/authz/200",
    "/authz?scope=read",
    "/healthz",
    "/metrics",
    "*",
    "http://api.test/a",
    "http://api.test//authz",
    "http://127.0.0.1:8321/metrics",
    "http://user:pass@api.test/a",
    "https://api.test/a",
    "ftp://api.test/a",
    "api.test:80",
    "a",
    "?a",
)
HOSTS = (
    "api.test",
    "API.TEST.",
    "127.0.0.1:8321",
    "localhost:8400",
    "[::1]",
    "a b",
    "a/b",
    "a@b",
    "_authz",
    "gateway",
    "",
    None,
)


@pytest.mark.parametrize("host", HOSTS)
def test_every_path_and_host_is_checked(
    street: Street, key: tuple[KeyView, Token], host: str | None
) -> None:
    view, token = key
    credential = f"Authorization: Bearer {token.reveal()}"
    for target, method in product(TARGETS, ("GET", "OPTIONS", "CONNECT", "HEAD")):
        before = len(street.api.arrived)
        status = answer(street.proxy.port, head(target, method=method, host=host))
        # Caddy and Traefik answer this one themselves.
        assert not 200 <= status < 300 or (target, method) == ("*", "OPTIONS"), (target, method)
        assert len(street.api.arrived) == before, (target, method)
        sent = head(target, credential, method=method, host=host)
        status = answer(street.proxy.port, sent)
        for request in street.api.arrived[before:]:
            if method != "CONNECT":
                check(request, view, token)
        assert len(street.api.arrived) <= before + 1, (target, method)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 0"],
        ["Content-Length: 0", f"Content-Length: {len(SMUGGLED) + 5}"],
        [f"Content-Length: +{len(SMUGGLED) + 5}"],
        ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQ"],
        ["Upgrade: TLS/1.3", "Connection: Upgrade"],
        ["Expect: 100-continue", "Content-Length: 0"],
    ],
)
def test_no_second_request_is_smuggled(street: Street, lines: list[str]) -> None:
    view, token = street.site.issue(f"{street.name} {lines}"[:70], ("read", "write"))
    before = len(street.api.arrived)
    with connect(street.proxy.port, 1) as connection:
        sent = head("/a", f"X-API-Key: {token.reveal()}", *lines, method="POST")
        connection.send(sent + b"0\r\n\r\n" + SMUGGLED)
        statuses = []
        try:
            while status := connection.status():
                statuses.append(status)
        except (OSError, ValueError):
            pass
    for request in street.api.arrived[before:]:
        assert request.target == "/a"
        assert request.value("x-apikey-id") == view.id
        assert request.value("upgrade") == ""
    assert statuses.count(200) <= 1
