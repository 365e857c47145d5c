"""An API that tells what reached it, byte by byte: no HTTP library tidies up in between.

`/stream` sends an event every 100 ms for as long as the caller listens; a WebSocket gets back what
it sends.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
Headers = list[tuple[str, str]]


@dataclass
class Arrived:
    """One request as it reached the API."""

    method: str
    target: str
    headers: Headers
    trailers: Headers = field(default_factory=list)
    size: int = 0
    sha256: str = ""

    def value(self, name: str) -> str:
        """The first value of a header (in lower case); empty if it did not come."""
        return next((value for each, value in self.headers if each == name), "")


class Echo:
    """The API: its port, every request that reached it, and how long each reply takes."""

    def __init__(self) -> None:
        self.port = 0
        self.delay = 0.0
        self.arrived: list[Arrived] = []
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="echo API", daemon=True)
        self._thread.start()
        assert self._started.wait(10)

    def stop(self) -> None:
        """Stop it, with its connections; may be called twice."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        for task in (tasks := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, asyncio.sleep(0.05)))
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, limit=1 << 20, backlog=4096
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled when the API stops.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False if the connection is of no more use."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        request = Arrived(method, target, _headers(head[1:]))
        self.arrived.append(request)
        if request.value("upgrade"):
            await _upgraded(request, reader, writer)
            return False
        await _read_body(request, reader)
        await asyncio.sleep(self.delay)
        if target.startswith("/stream"):
            await _stream(writer)
            return False
        body = json.dumps(vars(request)).encode()
        kind = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        writer.write(kind % len(body) + (b"" if method == "HEAD" else body))
        await writer.drain()
        return "close" not in request.value("connection").lower()


def _headers(lines: list[str]) -> Headers:
    pairs = (line.partition(":") for line in lines if line)
    return [(name.lower(), value.strip()) for name, _, value in pairs]


async def _read_body(request: Arrived, reader: asyncio.StreamReader) -> None:
    digest = hashlib.sha256()
    if "chunked" in request.value("transfer-encoding").lower():
        while size := int((await reader.readline()).split(b";")[0], 16):
            digest.update(await reader.readexactly(size))
            request.size += size
            await reader.readline()
        lines = []
        while line := (await reader.readline()).strip():
            lines.append(line.decode("latin-1"))
        request.trailers = _headers(lines)
    left = int(request.value("content-length") or 0)
    while left and (part := await reader.read(min(left, 1 << 16))):
        digest.update(part)
        left -= len(part)
        request.size += len(part)
    request.sha256 = digest.hexdigest()


async def _stream(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    for number in range(10_000):
        writer.write(b"data: %d\n\n" % number)
        await writer.drain()
        await asyncio.sleep(0.1)


async def _upgraded(
    request: Arrived, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    key = request.value("sec-websocket-key").encode()
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest())  # noqa: S324 - the protocol's
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: %b\r\nconnection: Upgrade\r\n"
        b"sec-websocket-accept: %b\r\n\r\n" % (request.value("upgrade").encode(), accept)
    )
    while part := await reader.read(1 << 16):
        writer.write(part)
        await writer.drain()


@contextmanager
def echo() -> Iterator[Echo]:
    """The API at work."""
    running = Echo()
    yield running
    running.stop()
