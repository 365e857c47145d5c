"""Running an ASGI application on Uvicorn in a thread of its own, and stopping it cleanly.

A thread, because the bot lives in the same process and the main program keeps its signals: Uvicorn
takes them over in the main thread only. Why Uvicorn: docs/decisions/gateway-server.md.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn

from runtime.http_messages import App
from runtime.http_protocol import BoundedHttpProtocol, FastHandler

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

SETTING = "APIKEYS_GATEWAY_LISTEN"
START_SECONDS = 20.0
# Requests under way may end within this time; what is left then is cut off.
STOP_SECONDS = 5
BACKLOG = 2048
# Longer than proxies keep idle connections (nginx: 60 s), so that it is they who close them; a
# connection closed from here just as a proxy uses it again would be an error for its caller.
KEEP_ALIVE_SECONDS = 75
_WHY = {
    errno.EADDRINUSE: "another program listens there already; stop it or choose another port",
    errno.EACCES: "this user may not listen there; choose a port from 1024 on",
    errno.EADDRNOTAVAIL: "this machine has no such address; try 127.0.0.1",
}


class ListenError(Exception):
    """The server cannot listen where it was told to; a sentence that names the setting."""


class StartError(Exception):
    """The application refused to start, or the server did."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()


class Running:
    """A server at work; made by `serve_in_thread`."""

    def __init__(self, server: _Server, listener: socket.socket, setting: str) -> None:
        self._server = server
        self._setting = setting
        self._listener = listener
        self.host: str = listener.getsockname()[0]
        self.port: int = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name=f"server of {setting}", daemon=True)
        self._thread.start()
        if not server.settled.wait(START_SECONDS) or not server.started:
            self.stop()
            raise StartError(f"The server of {setting} did not start; the log says why.")

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Lets requests under way end, then ends. Blocks; may be called twice.

        Raises:
            TimeoutError: if the thread does not end in time.
        """
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS * 3)
        self._listener.close()
        if self._thread.is_alive():
            raise TimeoutError(f"The server of {self._setting} did not stop in time.")

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except SystemExit:
            # Uvicorn's way to say that the application's startup failed; it has logged why.
            pass
        finally:
            self._server.settled.set()


def serve_in_thread(
    app: App, host: str, port: int, *, fast_path: FastHandler | None = None, setting: str = SETTING
) -> Running:
    """Starts a server and returns when it answers.

    Args:
        app: the ASGI application; its lifespan is honoured.
        host: an IP address or a name.
        port: a port number; 0 lets the system choose, and `.port` tells which.
        quick: answers from memory; see `runtime.http_protocol`.
        setting: the name of the setting that host and port come from, for the error.

    Raises:
        ListenError: if it cannot listen there.
        StartError: if the application fails to start.
    """
    listener = _listen(host, port, setting)
    config = uvicorn.Config(
        cast("ASGIApplication", app),
        http=cast("type[asyncio.Protocol]", partial(BoundedHttpProtocol, fast_path=fast_path)),
        ws="none",
        lifespan="on",
        # Its access log writes queries, and people do put tokens into those.
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
        # Only the gateway decides whose X-Forwarded-For is believed.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=BACKLOG,
    )
    try:
        return Running(_Server(config), listener, setting)
    except BaseException:
        listener.close()
        raise


def _listen(host: str, port: int, setting: str) -> socket.socket:
    if not 0 <= port <= 65_535:
        # The system would quietly take the port's lowest 16 bits.
        raise ListenError(f"{setting} is {host}:{port}, but ports go from 0 to 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise ListenError(f"{setting} names {host}:{port}, which is no address: {error}.") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without it, a restart would have to wait for the old connections' last packets.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = _WHY.get(error.errno or 0, error.strerror or str(error))
        raise ListenError(f"{setting} is {host}:{port}, but {why}.") from None
    return listener
