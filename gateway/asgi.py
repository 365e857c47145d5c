"""Protect any ASGI application with the gateway: `ApiKeyGuard(app, "http://127.0.0.1:8321")`.

Every request is first checked at the gateway's `/authz` and accepted only with a 204. If the
gateway cannot be reached, callers get a 503, so no request is accepted while keys cannot be
checked. The application gets the key's identity, never the token. A request that is still open
when its key stops working is ended (gateway.open_streams). Both files need nothing but the standard
library.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from gateway.open_streams import Message, OpenStreams, Receive, Send

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[str, str]]

CREDENTIALS = (b"authorization", b"x-api-key")
# A browser's preflight has no credentials; the gateway decides by these, if it is set to.
_ASKED_ABOUT = (*CREDENTIALS, b"origin", b"access-control-request-method")
IDENTITY_PREFIX = b"x-apikey-"
RETRY_AFTER = "2"
RECHECK = "/authz/recheck"
BODY_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """The key of an accepted request."""

    key_id: str
    name: str
    owner: str
    scopes: frozenset[str]
    account_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The gateway's reply."""

    status: int
    headers: Headers
    body: bytes


class ApiKeyGuard:
    """ASGI middleware that accepts only requests with a valid API key.

    For the application, `scope["headers"]` has the gateway's `X-Apikey-…` headers and no token, and
    `scope["state"]["apikey"]` is an Identity. WebSockets are checked at the handshake, like a GET.
    """

    def __init__(
        self, app: App, gateway: str, *, timeout: float = 5.0, connections: int = 16
    ) -> None:
        """Create the middleware; it connects at the first request.

        Args:
            app: the application to protect.
            gateway: the gateway's address, such as `http://127.0.0.1:8321`.
            timeout: seconds to wait for each step of a reply.
            connections: checks that may run at the same time; the rest wait.

        Raises:
            ValueError: if `gateway` is not an HTTP address.
        """
        self._app = app
        self._client = _Client(gateway, timeout)
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="apikey-guard")
        self._streams = OpenStreams(self._check_again)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._closing(send))
        elif scope["type"] in ("http", "websocket"):
            await self._guard(scope, receive, send)
        else:
            raise RuntimeError(f"cannot guard a scope of type {scope['type']!r}")

    def close(self) -> None:
        """Close the connections to the gateway; the application's shutdown calls this."""
        self._pool.shutdown(wait=True)
        self._client.close()

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _authz_headers(scope)
        answer = await self._ask(asked)
        accepted = None
        if answer is not None and answer.status == 204:
            accepted = _with_identity(scope, answer.headers)
        if accepted is not None:
            await self._streams.run(
                partial(self._app, accepted), scope["type"], tuple(asked), receive, send
            )
        elif scope["type"] == "websocket":
            # Closing before accepting refuses the handshake: the caller gets an HTTP 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(answer, send)

    async def _check_again(self, asked: tuple[tuple[str, str], ...]) -> int | None:
        answer = await self._ask(list(asked), RECHECK)
        return None if answer is None else answer.status

    async def _ask(self, headers: Headers, path: str = "/authz") -> Answer | None:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, self._client.ask, headers, path)
        except (OSError, HTTPException, RuntimeError, ValueError):
            # Unreachable, cut off, not HTTP, not sendable, or closed: the request is refused.
            return None

    def _closing(self, send: Send) -> Send:
        async def closing(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await asyncio.to_thread(self.close)
            await send(message)

        return closing


def identity(scope: Scope) -> Identity:
    """Return the key of a request.

    Raises:
        KeyError: if the application has no guard, and for a CORS preflight, which has no key.
    """
    found: Identity = scope["state"]["apikey"]
    return found


def _authz_headers(scope: Scope) -> Headers:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in scope["headers"]
        if name.lower() in _ASKED_ABOUT
    ]
    headers.append(("X-Original-Method", scope.get("method", "GET")))
    caller = _caller(scope)
    headers.append(("X-Forwarded-For", caller))
    # The gateway reads the one that its setting names.
    headers.append(("Forwarded", f'for="[{caller}]"' if ":" in caller else f'for="{caller}"'))
    return headers


def _caller(scope: Scope) -> str:
    """Return the caller's address, without a zone; `unknown` over a Unix socket, which has none.

    That word is sent (RFC 7239, 6.2), since a proxy before the gateway may add the guard's address.
    """
    client = scope.get("client")
    try:
        return str(ip_address(str(client[0]))).partition("%")[0] if client else "unknown"
    except ValueError:
        return "unknown"


def _with_identity(scope: Scope, answered: Headers) -> Scope | None:
    """Return the scope for the application; None if the identity is not as a gateway sends it."""
    identity_headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answered
        if name.lower().encode("latin-1").startswith(IDENTITY_PREFIX)
    ]
    try:
        fields = {
            name[len(IDENTITY_PREFIX) :].decode("ascii"): value.decode("ascii")
            for name, value in identity_headers
        }
        who = Identity(
            key_id=fields.get("id", ""),
            name=unquote(fields.get("name", ""), errors="strict"),
            owner=unquote(fields.get("owner", ""), errors="strict"),
            scopes=frozenset(fields.get("scopes", "").split()),
            account_id=fields.get("account", ""),
        )
    except UnicodeDecodeError:
        return None
    kept = [pair for pair in scope["headers"] if not _is_reserved(pair[0])]
    # A preflight is accepted without a key.
    state = {**scope.get("state", {}), **({"apikey": who} if who.key_id else {})}
    return {**scope, "headers": kept + identity_headers, "state": state}


def _is_reserved(name: bytes) -> bool:
    # Some frameworks read underscores as hyphens, so x_apikey_id must not slip through either.
    plain = name.lower().replace(b"_", b"-")
    return plain in CREDENTIALS or plain.startswith(IDENTITY_PREFIX)


async def _refuse(answer: Answer | None, send: Send) -> None:
    if answer is None or not 400 <= answer.status < 500:
        message = "API keys cannot be checked right now. Try again shortly."
        body = json.dumps({"code": "unavailable", "message": message}).encode()
        answer = Answer(503, [("retry-after", RETRY_AFTER)], body)
    headers = [(b"cache-control", b"no-store"), (b"content-type", b"application/json")]
    for name, value in answer.headers:
        if name.lower() in ("www-authenticate", "retry-after"):
            headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


class _Client:
    """Asks `/authz` over connections that stay open; safe to use in several threads."""

    def __init__(self, gateway: str, timeout: float) -> None:
        parts = urlsplit(gateway)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                f"the gateway's address must look like http://host:port, not {gateway}"
            )
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._timeout = timeout
        self._idle: list[HTTPConnection] = []
        self._closed = False
        self._guard = Lock()

    def ask(self, headers: Headers, path: str) -> Answer:
        """Send one request. Raises OSError or HTTPException if there is no reply."""
        kept = self._take()
        if kept is not None:
            try:
                return self._exchange(kept, headers, path)
            except TimeoutError:
                raise
            except (OSError, HTTPException):
                # The gateway closes idle connections, which shows only when one is used again.
                # Asking twice does no harm, so a new connection gets a chance.
                pass
        made = self._kind(self._host, self._port, timeout=self._timeout)
        return self._exchange(made, headers, path)

    def close(self) -> None:
        """Close every connection, those in use as soon as they are free."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> HTTPConnection | None:
        with self._guard:
            return self._idle.pop() if self._idle else None

    def _exchange(self, connection: HTTPConnection, headers: Headers, path: str) -> Answer:
        try:
            connection.putrequest("GET", self._path + path)
            for name, value in headers:
                connection.putheader(name, value.encode("latin-1"))
            connection.endheaders()
            response = connection.getresponse()
            body = response.read(BODY_MAX)
            answer = Answer(response.status, response.getheaders(), body)
            reusable = not response.will_close and response.isclosed()
        except BaseException:
            connection.close()
            raise
        self._give_back(connection, reusable)
        return answer

    def _give_back(self, connection: HTTPConnection, reusable: bool) -> None:
        with self._guard:
            if reusable and not self._closed:
                self._idle.append(connection)
                return
        connection.close()
