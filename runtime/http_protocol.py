"""Extend Uvicorn's HTTP protocol with limits on connections, and with a fast path.

The limits are the number of connections (`runtime.connection_limits`), and for each the size and
time of a request's head, the time of its body, and the time in which replies are read: without
them, a peer that sends or reads a byte now and then could hold memory and a connection
indefinitely. The application refuses large headers and slow bodies itself, with a clear message;
this is the second line of defence.

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

from runtime.connection_limits import NOT_HTTP, SLOW, ConnectionLimits

HEAD_BYTES = 256 * 1024
HEAD_SECONDS = 15.0
RETRY_SECONDS = 2
# A longer piece with more ends of heads than these is a pipeline, which takes turns with others.
_PIPELINE_BYTES, _PIPELINE_REQUESTS = 512, 4


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

    def answer_later(self, reply: bytes) -> None:
        """Send the whole reply a moment later; the function then returns no bytes (`b""`)."""
        ...


FastHandler: TypeAlias = Callable[[RequestHead], bytes | None]
"""Returns a whole HTTP/1.1 reply; None leaves the request to the application. It must return None
for requests with a body, and for those of another version."""

_receive = HttpToolsProtocol.data_received

# What a connection is in the middle of; DONE is false, for the fast path: nothing is left to limit.
_DONE, _HEAD, _BODY, _WAITING = range(4)


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection, with limits and an optional fast path."""

    _admitted = False
    _state = _WAITING
    _head_bytes = 0
    _chunk_bytes = 0
    size = 0
    _head_timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _used_since_check = False

    def __init__(
        self,
        *args: Any,
        limits: ConnectionLimits,
        fast_path: FastHandler | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._fast_path = fast_path
        self._reply: bytes | None = None
        self._unparsed = bytearray()
        self._late: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as Uvicorn narrows it
        """Admit the connection, and start the time limit for the first request's head."""
        super().connection_made(transport)
        reason = self._limits.admit(self._address)
        if reason is None:
            self._admitted = True
            self._start_head_timer()
            return
        retry = b"retry-after: %d\r\n" % RETRY_SECONDS
        self._reject(503, "too_many_connections", "There are too many connections.", reason, retry)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers, and let another connection have the place."""
        if self._admitted:
            self._admitted = False
            self._limits.release(self._address)
        self._unparsed.clear()
        self._stop_head_timer()
        for timer in (self._idle_timer, self._body_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, or let a pipeline wait for its turn."""
        size = len(data)
        if (size > _PIPELINE_BYTES and data.count(b"\r\n\r\n") > _PIPELINE_REQUESTS) or (
            self._unparsed
        ):
            self._wait_for_a_turn(data)
            return
        self._chunk_bytes = size
        _receive(self, data)
        if self._state:
            self._limit_unfinished(size)

    def _wait_for_a_turn(self, data: bytes) -> None:
        self.transport.pause_reading()
        if not self._unparsed:
            self._limits.pipelines.add(self)
        self._unparsed += data

    def feed_slice(self, size: int) -> bool:
        """Parse some of a pipeline; see `runtime.connection_limits.Pipeline`."""
        if self.transport.is_closing():
            self._unparsed.clear()
            return False
        data = bytes(self._unparsed[:size])
        del self._unparsed[:size]
        self._chunk_bytes = len(data)
        _receive(self, data)
        if self._state:
            self._limit_unfinished(len(data))
        if not self._unparsed and not self.flow.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()
        return bool(self._unparsed)

    def _limit_unfinished(self, more: int) -> None:
        """Limit the size and time of what is unfinished after so many more bytes."""
        if self.transport.is_closing():
            return
        if self._state == _HEAD:
            self._limit_head(more)
        elif self._state == _BODY:
            if self._body_timer is None:
                seconds = self._limits.body_seconds
                self._body_timer = self.loop.call_later(seconds, self._on_body_timeout)
        elif self._idle_timer is None:
            # Uvicorn's own timer ends at any byte, and blank lines are no request.
            self._used_since_check = True
            self._watch_idleness()

    def _limit_head(self, more: int) -> None:
        self._head_bytes += more
        if self._head_bytes > HEAD_BYTES:
            self._reject(431, "headers_too_large", "The headers are too large.", NOT_HTTP)
        elif self._head_timer is None:
            self._start_head_timer()

    def on_message_begin(self) -> None:
        """Start a head at its first byte; the wait before is limited as an idle connection."""
        if self._late is not None:
            self.send_late()
        self._state = _HEAD
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Try the fast path, or hand the head to Uvicorn."""
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
            self._state = _WAITING
            if self._body_timer is not None:
                self._body_timer.cancel()
                self._body_timer = None
            super().on_message_complete()
            return
        self._reply = None
        self._state = _DONE
        self.transport.write(reply)
        self._used_since_check = True
        if self._idle_timer is None:
            self._watch_idleness()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with an error in JSON, as all other errors are."""
        self._reject(400, "bad_request", msg, NOT_HTTP)

    def pause_writing(self) -> None:
        """Give a peer that does not read its replies some time."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._limits.body_seconds, self._on_write_timeout)

    def resume_writing(self) -> None:
        """End that time."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

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

    def answer_later(self, reply: bytes) -> None:
        """See `RequestHead`."""
        self._late = reply
        self._limits.late_replies.add(self)

    def send_late(self) -> None:
        """Send the reply that is late, if there still is one."""
        reply, self._late = self._late, None
        if reply is not None and not self.transport.is_closing():
            self.transport.write(reply)

    def eof_received(self) -> None:
        """Send what is late, before the connection ends."""
        self.send_late()
        super().eof_received()

    def shutdown(self) -> None:
        """Send what is late, before the server closes the connection."""
        self.send_late()
        super().shutdown()

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
        self._state = _BODY

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
        if idle and self._state != _HEAD and self.timeout_keep_alive_task is None:
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
            self._reject(408, "too_slow", "The headers did not arrive in time.", SLOW)

    def _on_body_timeout(self) -> None:
        # The application has refused the body by now, or does not read it at all.
        self._body_timer = None
        if not self.transport.is_closing():
            self._limits.on_refused(SLOW, self._address or "")
            self.transport.close()

    def _on_write_timeout(self) -> None:
        # Closing would wait until the peer has read everything.
        self._write_timer = None
        self._limits.on_refused(SLOW, self._address or "")
        self.transport.abort()

    @property
    def _address(self) -> str | None:
        return self.client[0] if self.client else None

    def _reject(
        self, status: int, code: str, message: str, reason: str, headers: bytes = b""
    ) -> None:
        self._limits.on_refused(reason, self._address or "")
        body = json.dumps({"code": code, "message": message}).encode()
        self.transport.write(
            STATUS_LINE[status] + b"content-type: application/json\r\ncache-control: no-store\r\n"
            b"content-length: %d\r\nconnection: close\r\n%b\r\n%b" % (len(body), headers, body)
        )
        self.transport.close()
