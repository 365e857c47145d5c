"""Serve an ASGI application over the network in a background thread."""

import asyncio
import threading
import time
from typing import Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import WSProtocolType

from sandbox.base.errors import NotRunningError

_START_SECONDS = 20.0


class ThreadedServer:
    """Serves between `start` and `stop`, or as a context manager. It starts only once.

    Args:
        app: what is served.
        host, port: where; port 0 chooses a free one.
        name: for the thread and for errors.
        ws: uvicorn's protocol for web sockets.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "server",
        ws: type[asyncio.Protocol] | WSProtocolType = "none",
    ) -> None:
        self._host = host
        self._name = name
        config = uvicorn.Config(app, host=host, port=port, log_level="warning", ws=ws)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name=name)

    def start(self) -> None:
        """Start serving; returns once requests are answered. Raises NotRunningError on failure."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise NotRunningError(f"the {self._name} did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving; returns once the thread has ended."""
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """``127.0.0.1:4000``, for instance. Raises NotRunningError while it is stopped."""
        if not self._server.started or not self._thread.is_alive():
            raise NotRunningError(f"the {self._name} is not running")
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"{self._host}:{port}"
