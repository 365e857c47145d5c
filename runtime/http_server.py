"""Run an ASGI application on Uvicorn in a thread, and stop it cleanly.

In a thread, because the bot runs in the same process and the main program handles signals: Uvicorn
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

from runtime.connection_limits import ConnectionLimits
from runtime.http_messages import App
from runtime.http_protocol import BoundedHttpProtocol, FastHandler

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

SETTING = "APIKEYS_GATEWAY_LISTEN"
START_SECONDS = 20.0
# Requests under way may finish within this time; then they are cut off.
STOP_SECONDS = 5
BACKLOG = 2048
# Longer than proxies keep idle connections (nginx: 60 s), so that proxies close them; a connection
# closed here just as a proxy uses it again would be an error for the caller.
KEEP_ALIVE_SECONDS = 75
_WHY = {
    errno.EADDRINUSE: "another program listens there already; stop it or choose another port",
    errno.EACCES: "this user may not listen there; choose a port from 1024 on",
    errno.EADDRNOTAVAIL: "this machine has no such address; try 127.0.0.1",
}


class ListenError(Exception):
    """The server cannot listen at the configured address; the message names the setting."""


class StartError(Exception):
    """The application or the server did not start."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()


class Running:
    """A running server, started by `serve_in_thread`."""

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
        """Return its URL, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def alive(self) -> bool:
        """Return whether the server still runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let requests under way finish, then stop. Blocks; may be called twice.

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
            # Uvicorn exits so if the application's startup failed; it has logged why.
            pass
        finally:
            self._server.settled.set()


def serve_in_thread(
    app: App,
    host: str,
    port: int,
    *,
    fast_path: FastHandler | None = None,
    limits: ConnectionLimits | None = None,
    setting: str = SETTING,
) -> Running:
    """Start a server, and return when it accepts connections.

    Args:
        app: the ASGI application; its lifespan is honoured.
        host: an IP address or a name.
        port: a port number; with 0 the system chooses, see `Running.port`.
        fast_path: answers some requests before ASGI; see `runtime.http_protocol`.
        limits: the limits on connections; the default if None.
        setting: the name of the setting for host and port, for error messages.

    Raises:
        ListenError: if it cannot listen there.
        StartError: if the application fails to start.
    """
    listener = _listen(host, port, setting)
    connection = partial(
        BoundedHttpProtocol, fast_path=fast_path, limits=limits or ConnectionLimits()
    )
    config = uvicorn.Config(
        cast("ASGIApplication", app),
        http=cast("type[asyncio.Protocol]", connection),
        ws="none",
        lifespan="on",
        # Its access log has queries, and people do put tokens into those.
        access_log=False,
        log_config=None,
        # It warns of each request that is not HTTP; `ConnectionLimits.on_refused` hears of those.
        log_level=logging.ERROR,
        # Only the gateway decides whose X-Forwarded-For is trusted.
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
        # The system would silently use the port's lowest 16 bits.
        raise ListenError(f"{setting} is {host}:{port}, but ports go from 0 to 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise ListenError(f"{setting} names {host}:{port}, which is no address: {error}.") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without it, a restart would have to wait until old connections have timed out.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = _WHY.get(error.errno or 0, error.strerror or str(error))
        raise ListenError(f"{setting} is {host}:{port}, but {why}.") from None
    return listener
