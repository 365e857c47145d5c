"""What is measured, each in a process of its own: a real gateway, and the plain answers beside it.

    python -m bench.sites gateway URL PORT       the gateway, as `apikeys run --only gateway` has it
    python -m bench.sites empty PORT             an empty 204, on the same server
    python -m bench.sites read URL PORT          a bare point read by the same driver, then a 204
    python -m bench.sites bare PORT              an empty 204 to anything, by the event loop alone

A bare read finds the secret of the presented public id: the least that a verification could do.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread, local
from typing import Any, Self, cast

import psycopg
import uvloop
from sqlalchemy.engine import make_url

from bench.stock import PEPPER
from runtime.http_messages import Receive, Scope, Send
from runtime.http_server import BACKLOG, serve_in_thread
from tests.e2e.harness.program import free_port

_STARTED_SECONDS = 30


class Site:
    """One process that serves."""

    def __init__(
        self, kind: str, *arguments: str, settings: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/authz"
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            [sys.executable, "-m", "bench.sites", kind, *arguments, str(self.port)],
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
            env={**os.environ, **(settings or {})},
        )
        deadline = time.monotonic() + _STARTED_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"{kind} did not start")

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def resident_bytes(self) -> int:
        """Memory that the process holds (proc(5), statm)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def metric(self, name: str) -> float:
        """One number of the gateway's /metrics."""
        page = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(page, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(name)))

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()


# In the process itself


def _gateway(url: str, port: int) -> Callable[[], None]:
    os.environ |= {
        "DATABASE_URL": url,
        "APIKEYS_PEPPER": PEPPER,
        "APIKEYS_GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "APIKEYS_REMEMBERED_TOKENS": "1000000",
        "APIKEYS_LOG_LEVEL": os.environ.get("APIKEYS_LOG_LEVEL", "ERROR"),
    }
    from cli.bootstrap.application import open_application
    from cli.bootstrap.gateway import start_gateway
    from cli.bootstrap.redaction import redact
    from runtime.logging import configure_logging
    from settings import load

    settings = load()
    configure_logging(settings.log_level, redact=redact)
    application = open_application(settings)
    running = start_gateway(application, settings)

    def stop() -> None:
        running.stop()
        application.close()

    return stop


def _empty(port: int) -> Callable[[], None]:
    async def answer(_scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return serve_in_thread(_application(answer), "127.0.0.1", port).stop


def _bare(port: int) -> Callable[[], None]:
    loop = uvloop.new_event_loop()
    loop.run_until_complete(loop.create_server(_BareProtocol, "127.0.0.1", port, backlog=BACKLOG))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def stop() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    return stop


class _BareProtocol(asyncio.Protocol):
    """Looks at nothing but the ends of heads."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n" * data.count(b"\r\n\r\n"))


def _read(url: str, port: int) -> Callable[[], None]:
    find = _finder(url)

    async def answer(scope: Scope, send: Send) -> None:
        headers = dict(scope["headers"])
        public_id = headers[b"x-api-key"].split(b"_")[1].decode()
        status = 204 if await find(public_id) else 401
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return serve_in_thread(_application(answer), "127.0.0.1", port).stop


def _finder(url: str) -> Callable[[str], Any]:
    """Read in the event loop on SQLite, and in four threads on PostgreSQL: the faster way each."""
    query = "SELECT id, digest, key_id FROM secrets WHERE public_id = "
    if url.startswith("sqlite"):
        path = make_url(url).database
        connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
        )

        async def find(public_id: str) -> Any:
            return connection.execute(f"{query}?", (public_id,)).fetchone()

        return find
    mine, pool = local(), ThreadPoolExecutor(4)

    def read(public_id: str) -> Any:
        if not hasattr(mine, "connection"):
            mine.connection = psycopg.connect(url, autocommit=True)
        return mine.connection.execute(f"{query}%s", (public_id,)).fetchone()

    async def find_in_threads(public_id: str) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, read, public_id)

    return find_in_threads


def _application(answer: Callable[[Scope, Send], Any]) -> Any:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await answer(scope, send)

    return application


def main() -> None:
    """Serve until it is told to stop."""
    kind, *arguments = sys.argv[1:]
    port = int(arguments[-1])
    starts: dict[str, Callable[[], Callable[[], None]]] = {
        "gateway": lambda: _gateway(arguments[0], port),
        "empty": lambda: _empty(port),
        "read": lambda: _read(arguments[0], port),
        "bare": lambda: _bare(port),
    }
    stop = starts[kind]()
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    stop()


if __name__ == "__main__":
    main()
