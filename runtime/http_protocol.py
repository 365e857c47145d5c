"""Extend Uvicorn's HTTP protocol with limits on request heads, and with a fast path.

The limits are the head's size and time: without them, a client that never ends its headers could
hold memory and a connection indefinitely. The application refuses large headers itself, with a
clear message; this is the second line of defence.

The fast path: a plain function may answer a request without a body. It gets the request's head and
immediately returns the whole reply as bytes. That saves ASGI's task, queues and messages, which
cost more than a cached reply does (bench/). What the function leaves goes to the application, which
has every rule.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_BYTES = 256 * 1024
HEAD_SECONDS = 15.0


class RequestHead(Protocol):
    """The head of a request.

    Attributes:
        url: the request target.
        headers: names in lower case, in the order sent.
        client: the client's address and port; None over a Unix socket.
        size: an upper bound of the head's bytes.
    """

    url: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    size: int

    @property
    def version(self) -> str:
        """Return the HTTP version. Without a `connection` header it is `1.1` (RFC 9112 §9.3): the
        fast path gets only requests whose connection stays open."""
        ...

    @property
    def method(self) -> bytes:
        """Return the request's method."""
        ...


FastHandler: TypeAlias = Callable[[RequestHead], bytes | None]
"""Returns a whole HTTP/1.1 reply; None leaves the request to the application. It must return None
for requests with a body, and for those of another version."""

_receive = HttpToolsProtocol.data_received


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection, with limits on request heads and an optional fast path."""

    _in_head = False
    _head_bytes = 0
    _chunk_bytes = 0
    size = 0
    _head_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _used_since_check = False

    def __init__(self, *args: Any, fast_path: FastHandler | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fast_path = fast_path
        self._reply: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as Uvicorn narrows it
        """Start the time limit for the first request's head."""
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        self._stop_head_timer()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, and limit the size of an unfinished head."""
        self._chunk_bytes = len(data)
        _receive(self, data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._reject(431, "headers_too_large", "The headers are too large.")
        elif self._head_timer is None:
            self._start_head_timer()

    def on_message_begin(self) -> None:
        """Start a head at its first byte; the wait before is limited as an idle connection."""
        self._in_head = True
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Try the fast path, or hand the head to Uvicorn."""
        self._in_head = False
        self.size = self._head_bytes + self._chunk_bytes
        self._head_bytes = 0
        if self._head_timer is not None:
            self._stop_head_timer()
        if self._fast_path is not None and self._is_free():
            self._reply = self._fast_path(self)
            if self._reply is not None:
                return
        self._hand_to_uvicorn()

    def on_message_complete(self) -> None:
        """Send the fast path's reply, if there is one."""
        reply = self._reply
        if reply is None:
            super().on_message_complete()
            return
        self._reply = None
        self.transport.write(reply)
        self._used_since_check = True
        if self._idle_timer is None:
            self._watch_idleness()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with an error in JSON, as all other errors are."""
        self._reject(400, "bad_request", msg)

    @property
    def version(self) -> str:
        """See `RequestHead`."""
        version: str = self.parser.get_http_version()
        return version

    @property
    def method(self) -> bytes:
        """See `RequestHead`."""
        method: bytes = self.parser.get_method()
        return method

    def _is_free(self) -> bool:
        """Return whether no other request is under way on the connection, and it stays open."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _hand_to_uvicorn(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def _watch_idleness(self) -> None:
        """Close the connection once it was idle for one to two times the limit.

        There is one timer a connection, which restarts only when it fires: a timer for each
        request, as Uvicorn has, would cost as much as the look-up in the cache.
        """
        if self.transport.is_closing():
            return
        if self._used_since_check:
            self._used_since_check = False
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._watch_idleness)
            return
        self._idle_timer = None
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self._in_head and self.timeout_keep_alive_task is None:
            self.transport.close()

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._on_head_timeout)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_head_timeout(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._reject(408, "too_slow", "The headers did not arrive in time.")

    def _reject(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"code": code, "message": message}).encode()
        self.transport.write(
            STATUS_LINE[status] + b"content-type: application/json\r\ncache-control: no-store\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()
