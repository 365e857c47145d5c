"""End what is still open when its key stops working: streams, long downloads, WebSockets.

For `gateway.asgi.ApiKeyGuard`. A request is checked when it begins, and a plain one has ended
before anything could change. One that is open longer is checked again twice a second, at a path of
the gateway's that counts neither a use nor a rate limit; requests with the same credentials share a
check. Nothing but the standard library is needed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Credentials = tuple[tuple[str, str], ...]
Check = Callable[[Credentials], Awaitable[int | None]]
"""Asks the gateway again; returns its status, or None if it cannot be reached."""

logger = logging.getLogger("gateway.asgi")

EVERY_SECONDS = 0.5
UNREACHABLE_SECONDS = 10.0
"""How long streams stay open while the gateway cannot be asked."""

POLICY_VIOLATION = 1008
"""The code that a WebSocket is closed with (RFC 6455 §7.4.1)."""

# Of the guard's connections to the gateway; new requests need the others.
_CHECKS_AT_ONCE = 4
_ACCEPTED, _NOT_FOUND, _SERVER_ERROR = 204, 404, 500


class OpenStreams:
    """The requests of one application that are open for longer; for use in one event loop."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._open: dict[Credentials, set[_Stream]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._warned = False

    async def run(
        self,
        app: Callable[[Receive, Send], Awaitable[None]],
        kind: str,
        credentials: Credentials,
        receive: Receive,
        send: Send,
    ) -> None:
        """Run an application for an accepted request, until it ends or its key stops working.

        Args:
            kind: the ASGI scope's type, `http` or `websocket`.
            credentials: the headers that the gateway was asked with.
        """
        stream = _Stream(kind, receive, send)
        running = asyncio.ensure_future(app(stream.receive, stream.send))
        stream.running = running
        timer = asyncio.get_running_loop().call_later(
            EVERY_SECONDS, self._watch, credentials, stream
        )
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            if not stream.is_cut:
                # The server has cancelled this request.
                running.cancel()
                raise
        finally:
            timer.cancel()
            self._remove(credentials, stream)
        if stream.is_cut:
            await stream.close()

    def _watch(self, credentials: Credentials, stream: _Stream) -> None:
        self._open.setdefault(credentials, set()).add(stream)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.ensure_future(self._keep_watching())

    def _remove(self, credentials: Credentials, stream: _Stream) -> None:
        if streams := self._open.get(credentials):
            streams.discard(stream)
            if not streams:
                del self._open[credentials]

    async def _keep_watching(self) -> None:
        at_once, heard = asyncio.Semaphore(_CHECKS_AT_ONCE), dict[Credentials, float]()

        async def look(credentials: Credentials) -> None:
            async with at_once:
                status = await self._check(credentials)
            now = time.monotonic()
            if status == _NOT_FOUND:
                self._warn_of_old_gateway()
            if status is None or status >= _SERVER_ERROR:
                # Not known; what began is not ended by a short outage.
                if now - heard.setdefault(credentials, now) < UNREACHABLE_SECONDS:
                    return
            elif status in (_ACCEPTED, _NOT_FOUND):
                heard.pop(credentials, None)
                return
            for stream in list(self._open.get(credentials, ())):
                stream.cut()

        while self._open:
            round_started = time.monotonic()
            await asyncio.gather(*map(look, list(self._open)))
            for gone in heard.keys() - self._open.keys():
                del heard[gone]
            await asyncio.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - round_started)))

    def _warn_of_old_gateway(self) -> None:
        if not self._warned:
            logger.warning(
                "The gateway is older than this guard: open streams are not ended when their key "
                "is revoked. Update the gateway."
            )
            self._warned = True


class _Stream:
    """One request, between the server and the application."""

    def __init__(self, kind: str, receive: Receive, send: Send) -> None:
        self._kind = kind
        self._receive, self._send = receive, send
        self._has_started = False
        self._has_ended = False
        self.is_cut = False
        self.running: asyncio.Future[None] | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._has_ended = True
        return message

    async def send(self, message: Message) -> None:
        if self.is_cut:
            return
        kind = message["type"]
        if kind in ("http.response.start", "websocket.accept"):
            self._has_started = True
        if kind == "websocket.close" or (
            kind == "http.response.body" and not message.get("more_body", False)
        ):
            self._has_ended = True
        await self._send(message)

    def cut(self) -> None:
        """End it: the application is cancelled where it waits."""
        if not self._has_ended and self.running is not None:
            self.is_cut = True
            self.running.cancel()

    async def close(self) -> None:
        """Tell the client: a WebSocket by its code, a response that has not begun by a 401.

        A response that has begun is left as it is. The server closes the connection then, so the
        client sees that the response is not complete.
        """
        with suppress(OSError, RuntimeError):
            if self._kind == "websocket":
                reason = "The API key is no longer accepted."
                await self._send(
                    {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason}
                )
            elif not self._has_started:
                body = b'{"code": "invalid", "message": "The API key is no longer accepted."}'
                headers = [
                    (b"content-type", b"application/json"), (b"cache-control", b"no-store"),
                    (b"www-authenticate", b"Bearer"), (b"content-length", b"%d" % len(body)),
                ]  # fmt: skip
                start = {"type": "http.response.start", "status": 401, "headers": headers}
                await self._send(start)
                await self._send({"type": "http.response.body", "body": body})
