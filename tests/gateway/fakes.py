"""Fakes around a gateway, and a way to call an ASGI application without a socket."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.app import Gateway, build
from gateway.base.client_address import Origin, Proxies
from gateway.base.options import Options
from gateway.base.thread_pool import Pool
from gateway.cache.verdict_cache import CachedKey, VerdictCache
from gateway.usage.usage_recorder import UsageCounter
from gateway.verification.verifier import Answer as CheckerAnswer
from keys.credentials import tokens
from keys.credentials.verification import Reason, Refused, Verified
from runtime.clock import HeldClock
from runtime.http_messages import App, Message

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def token(public_id: str) -> str:
    """A token with this public id."""
    # The same in every process: the tests' names contain it.
    secret = tokens.encode(int.from_bytes(public_id.encode(), "big") ** 2, tokens.SECRET_LENGTH)
    return tokens.Token("ak", public_id, secret).reveal()


GOOD = token("Good00000001")
READER = token("Reader000001")
WRITER = token("Writer000001")
REVOKED = token("Revoked00001")
STRANGER = token("Stranger0001")

Answer = Verified | Refused | Callable[[], Verified | Refused]


def verified(name: str = "Zapier, production", *scopes: str, **changes: Any) -> Verified:
    """A verified key, with both scopes unless stated otherwise."""
    values: dict[str, Any] = {
        "account_id": "T1",
        "key_id": "key_1",
        "secret_id": "sec_1",
        "name": name,
        "owner": "U1",
        "scopes": frozenset(scopes or ("read", "write")),
        "expires_at": None,
    }
    return Verified(**(values | changes))


class FakeKeys:
    """Answers from a table; a callable in it is called, so that it may raise or wait."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Answer] = {
            GOOD: verified(),
            READER: verified("Dashboard", "read", key_id="key_2", secret_id="sec_2"),
            WRITER: verified("Intake", "write", key_id="key_3", secret_id="sec_3"),
            REVOKED: Refused(Reason("revoked"), "key_4"),
        }

    def verify(self, presented: str) -> Verified | Refused:
        self.asked.append(presented)
        answer = self.answers.get(presented)
        if answer is None:
            return Refused(Reason(_flaw(presented)), None)
        return answer() if callable(answer) else answer


def _flaw(presented: str) -> str:
    try:
        tokens.parse(presented)
    except tokens.NotAToken as error:
        return error.flaw.value
    return "unknown"


class FakeVerifier:
    """Asks a verifier in a pool of threads, as the real one asks the database."""

    def __init__(self, verifier: FakeKeys, options: Options) -> None:
        self._verifier = verifier
        self._pool = Pool(options)

    async def check(self, presented: str) -> CheckerAnswer:
        answer = await self._pool.run(self._verifier.verify, presented)
        return answer if isinstance(answer, Refused) else CachedKey(answer)

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        return await self._pool.run(work, *args)

    def close(self) -> None:
        self._pool.close()


@dataclass
class FakeUsageRecorder:
    """Records uses in a list."""

    recorded: list[tuple[str, datetime, str]] = field(default_factory=list)
    running: bool = False
    proxies: Proxies = field(default_factory=Proxies)

    def record(self, counter: UsageCounter, at: float, origin: Origin) -> None:
        found = self.proxies.network_of(origin)
        self.recorded.append((counter.secret_id, datetime.fromtimestamp(at, UTC), found))

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


@dataclass
class Harness:
    """A gateway with fakes around it; `remembering` gives it a cache and the fast path."""

    verifier: FakeKeys = field(default_factory=FakeKeys)
    usage_recorder: FakeUsageRecorder = field(default_factory=FakeUsageRecorder)
    clock: HeldClock = field(default_factory=lambda: HeldClock(NOON))
    options: Options = field(default_factory=Options)
    ready: Callable[[], None] = lambda: None
    remembering: bool = False

    def __post_init__(self) -> None:
        self.cache = VerdictCache(self.clock)
        self.usage_recorder.proxies = self.options.proxies
        self.app: Gateway = build(
            FakeVerifier(self.verifier, self.options),
            self.options,
            self.clock,
            usage_recorder=self.usage_recorder,
            ready=lambda: self.ready(),
            cache=self.cache if self.remembering else None,
        )

    def authz(
        self,
        *headers: tuple[str, str | bytes],
        method: str = "GET",
        query: str = "",
        path: str = "/authz",
    ) -> Got:
        """Asks as a proxy does."""
        return call(self.app, method, path, headers, query=query)

    def bearer(self, presented: str, original: str | None = "GET", **more: Any) -> Got:
        """Asks as a proxy does about a request with this token and method."""
        headers = [("authorization", f"Bearer {presented}")]
        if original is not None:
            headers.append(("x-original-method", original))
        return self.authz(*headers, **more)

    def ask(self, body: Any, content_type: str = "application/json") -> Got:
        """Asks as a program does; bytes are sent as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return call(self.app, "POST", "/v1/keys:verify", [("content-type", content_type)], body=raw)


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        values = [value for key, value in self.headers if key == name.lower()]
        if len(values) != 1:
            raise AssertionError(f"{len(values)} headers {name} in {self.headers}")
        return values[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    app: App,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str | bytes]] = (),
    *,
    query: str | bytes = "",
    body: bytes = b"",
    chunk: int = 1024,
) -> Got:
    """Sends one request through the application, in a loop of its own."""
    return asyncio.run(acall(app, method, path, headers, query=query, body=body, chunk=chunk))


async def acall(
    app: App,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str | bytes]] = (),
    *,
    query: str | bytes = "",
    body: bytes = b"",
    chunk: int = 1024,
    peer: str | None = "192.0.2.7",
) -> Got:
    """The same inside a running loop; over a Unix socket there is no peer."""
    parts = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]
    incoming: list[Message] = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    client = None if peer is None else (peer, 40_000)
    await app(_scope(method, path, headers, query) | {"client": client}, receive, send)
    start, *rest = sent
    return Got(
        start["status"],
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]],
        b"".join(message["body"] for message in rest),
    )


def _scope(
    method: str, path: str, headers: Iterable[tuple[str, str | bytes]], query: str | bytes
) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode() if isinstance(query, str) else query,
        "headers": [
            (name.encode(), value.encode() if isinstance(value, str) else value)
            for name, value in headers
        ],
        "client": ("192.0.2.7", 40000),
    }


def quiet_port() -> int:
    """A free port outside the range that the system hands out by itself.

    For tests that use the same port twice: in between, nobody else is given it by chance.
    """
    for _ in range(100):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port between 20000 and 32000")


def lines(records: Iterable[Any]) -> list[dict[str, Any]]:
    """The gateway's log lines, read back."""
    return [json.loads(r.getMessage()) for r in records if r.name == "gateway"]
