"""Uvicorn's HTTP protocol, with two limits that it leaves to a proxy, and a short way.

The limits are head size and head time: without them, a caller that never ends its headers holds
memory and a connection for as long as it likes. The application refuses large headers itself, with
a sentence; this is the wall behind it.

The short way: a request without a body may be answered by a plain function that gets its address
and headers and gives the whole answer as bytes, at once. It spares the task, the queues and the
messages of ASGI, which cost more than an answer from memory does (bench/). Whatever the function
leaves alone goes the usual way, so that every rule stands in the application.
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
        url: its target.
        headers: names in lower case, in the order in which they came.
        client: the caller's address and port; None over a Unix socket.
        size: how many bytes it has at most.
    """

    url: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    size: int

    @property
    def version(self) -> str:
        """Of HTTP. It is `1.1` where no `connection` header was sent (RFC 9112 §9.3): only such
        requests, and those that ask for their connection to stay open, come the short way."""
        ...


FastHandler: TypeAlias = Callable[[RequestHead], bytes | None]
"""Gives a whole HTTP/1.1 answer; None if the application shall answer. It must leave requests with
a body alone, and those of another version."""

_receive = HttpToolsProtocol.data_received


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    _in_head = False
    _head_bytes = 0
    _coming = 0
    size = 0
    _head_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _used = False

    def __init__(self, *args: Any, fast_path: FastHandler | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fast_path = fast_path
        self._answer: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as Uvicorn itself narrows it
        """Gives a first request its time to come."""
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leaves no timer behind."""
        self._stop_head_timer()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what came in as long as the head is unfinished."""
        self._coming = len(data)
        _receive(self, data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._turn_away(431, "headers_too_large", "The headers are too large.")
        elif self._head_timer is None:
            self._start_head_timer()

    def on_message_begin(self) -> None:
        """A request's first byte is here. The wait before it is limited as an idle connection."""
        self._in_head = True
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keeps a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole; what follows is the body."""
        self._in_head = False
        self.size = self._head_bytes + self._coming
        self._head_bytes = 0
        if self._head_timer is not None:
            self._stop_head_timer()
        if self._fast_path is not None and self._plain():
            self._answer = self._fast_path(self)
            if self._answer is not None:
                return
        self._take_the_usual_way()

    def on_message_complete(self) -> None:
        """Sends the quick answer, if there is one."""
        answer = self._answer
        if answer is None:
            super().on_message_complete()
            return
        self._answer = None
        self.transport.write(answer)
        self._used = True
        if self._idle_timer is None:
            self._watch_idleness()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP in the form of all other answers."""
        self._turn_away(400, "bad_request", msg)

    @property
    def version(self) -> str:
        """See `Head`."""
        version: str = self.parser.get_http_version()
        return version

    def _plain(self) -> bool:
        """Whether nothing is under way on this connection, and it stays open."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _take_the_usual_way(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def _watch_idleness(self) -> None:
        """Closes the connection when it was idle for too long: for once or twice its time.

        One timer for a connection, set anew only when it goes off: a timer for each request, as
        Uvicorn has it, would cost as much as the look into the memory.
        """
        if self.transport.is_closing():
            return
        if self._used:
            self._used = False
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._watch_idleness)
            return
        self._idle_timer = None
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self._in_head and self.timeout_keep_alive_task is None:
            self.transport.close()

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._late)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _late(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._turn_away(408, "too_slow", "The headers did not arrive in time.")

    def _turn_away(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"code": code, "message": message}).encode()
        self.transport.write(
            STATUS_LINE[status] + b"content-type: application/json\r\ncache-control: no-store\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()
