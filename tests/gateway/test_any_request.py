"""Whatever is sent to any route, nothing fails: no answer is a 500."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.app import Gateway, build
from gateway.base.client_address import FORWARDED, X_FORWARDED_FOR, Proxies
from gateway.base.options import Options, read_networks
from keys.credentials.tokens import make
from runtime.clock import HeldClock
from storage.secret_lookup import SecretRow
from tests.gateway.fakes import NOON, FakeUsageRecorder, call
from tests.gateway.verification.test_verifier import Database, Desk, row

TOKEN = make("ak")
# With lone surrogates, which JSON can carry and UTF-8 cannot.
TEXT = st.text(st.characters(), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just(TOKEN.reveal()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.one_of(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("token", "scope", "source"), VALUES)).map(
        lambda content: json.dumps(content).encode()
    ),
    VALUES.map(lambda content: json.dumps(content).encode()),
    st.binary(max_size=60),
    st.sampled_from(
        [b"[" * 5_000, b'{"token":' * 2_000, b"9" * 6_000, b"\xef\xbb\xbf{}", b"{}" * 2]
    ),
)
NAMES = st.sampled_from(
    [
        b"authorization", b"x-api-key", b"x-original-method", b"x-forwarded-method", b"forwarded",
        b"x-forwarded-for", b"content-type", b"content-length", b"origin",
        b"access-control-request-method", b"connection", b"host", b"x-apikey-id",
    ]
)  # fmt: skip
HEADERS = st.lists(
    st.tuples(
        NAMES,
        st.binary(max_size=30)
        | st.sampled_from([TOKEN.reveal().encode(), b"Bearer " + TOKEN.reveal().encode(), b"GET"]),
    ),
    max_size=5,
)
PATHS = st.sampled_from(
    [
        "/authz", "/authz/200", "/authz/recheck", "/v1/keys:verify", "/healthz", "/readyz",
        "/metrics", "/openapi.json",
    ]
)  # fmt: skip


class WithImported(Database):
    """A database that also has imported keys, though none of those that are asked for."""

    def try_any_imported_now(self) -> bool:
        return True

    def try_read_imported_now(self, _digests: Sequence[bytes]) -> dict[bytes, SecretRow]:
        return {}


def gateway(header: bytes) -> Gateway:
    desk = Desk(WithImported(row(TOKEN)))
    options = Options(proxies=Proxies(read_networks("192.0.2.0/24"), header))
    usage = FakeUsageRecorder(proxies=options.proxies)
    return build(
        desk.verifier, options, HeldClock(NOON), usage_recorder=usage, ready=lambda: None,
        cache=desk.cache, try_read_now=desk.verifier.try_read_now,
    )  # fmt: skip


GATEWAYS = [gateway(X_FORWARDED_FOR), gateway(FORWARDED)]
JSON = (b"content-type", b"application/json")


def send(app: Gateway, method: str, path: str, headers: Any, **more: Any) -> None:
    plain = [(name.decode(), value) for name, value in headers]
    got = call(app, method, path, plain, **more)
    assert got.status < 500, got
    if got.status >= 400:
        assert got.json["code"]


@given(st.sampled_from(GATEWAYS), BODIES)
@example(GATEWAYS[0], b'{"token": "\\ud800"}')
@example(GATEWAYS[0], b'{"token": "\\udcff", "scope": "\\ud800", "source": "\\ud800"}')
def test_any_body(app: Gateway, body: bytes) -> None:
    send(app, "POST", "/v1/keys:verify", [JSON], body=body)


@given(st.sampled_from(GATEWAYS), PATHS | TEXT, TEXT, HEADERS, st.binary(max_size=30))
def test_any_request(
    app: Gateway, path: str, method: str, headers: list[tuple[bytes, bytes]], query: bytes
) -> None:
    for chosen in (method, "GET", "OPTIONS", "POST"):
        send(app, chosen, path, headers, query=query)
