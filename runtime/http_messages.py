"""Read ASGI requests with limits, and send replies that are never cached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from runtime.display import visible_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# If a proxy cached a reply, a revoked key would keep working.
NO_STORE = (b"cache-control", b"no-store")
PROBLEM = b"x-apikey-problem"


class Refusal(Exception):
    """The request is invalid; carries the reply that says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class ClientDisconnected(Exception):
    """The client disconnected before the whole request had arrived."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply, which may be sent many times."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    async def send(self, send: Send) -> None:
        """Send the reply."""
        headers = self._all_headers()
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def whole(self, *, without_body: bool = False) -> bytes:
        """Return the reply as HTTP/1.1 sends it; without its body, it answers a HEAD."""
        status = b"HTTP/1.1 %d %b" % (self.status, HTTPStatus(self.status).phrase.encode())
        lines = [status, *(b": ".join(header) for header in self._all_headers()), b"", b""]
        return b"\r\n".join(lines) + (b"" if without_body else self.body)

    def _all_headers(self) -> list[tuple[bytes, bytes]]:
        headers = [NO_STORE, *self.headers]
        if self.status != 204:
            # RFC 9110 §8.6: a 204 must not carry Content-Length.
            headers.append((b"content-length", b"%d" % len(self.body)))
        return headers


def json_reply(status: int, content: Any, headers: Iterable[tuple[bytes, bytes]] = ()) -> Reply:
    """Return a reply with a JSON body."""
    body = visible_json(content).encode()
    return Reply(status, ((b"content-type", b"application/json"), *headers), body)


def problem(
    status: int, code: str, message: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> Reply:
    """Return an error reply: `code` for programs, `message` for people.

    Its body stands in a header as well: nginx's `auth_request` shows nothing else of a reply.
    """
    reply = json_reply(status, {"code": code, "message": message}, headers)
    return replace(reply, headers=(*reply.headers, (PROBLEM, reply.body)))


async def read_body(receive: Receive, limit: int, seconds: float) -> bytes:
    """Return the whole body.

    Raises:
        Refusal: 413 as soon as more than `limit` bytes have arrived; 408 if it takes longer than
            `seconds`.
        ClientDisconnected: if the client disconnected.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _read_whole_body(receive, limit)
    except TimeoutError:
        raise Refusal(problem(408, "too_slow", "The body did not arrive in time.")) from None


async def _read_whole_body(receive: Receive, limit: int) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        parts += message.get("body", b"")
        if len(parts) > limit:
            raise Refusal(problem(413, "body_too_large", f"The body may be {limit} bytes at most."))
        if not message.get("more_body", False):
            return bytes(parts)
