"""The practice Slack's own HTTP and web socket server: Web API, response URLs, Socket Mode."""

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from sandbox.errors import NotRunningError, SlackError
from sandbox.model import Json
from sandbox.socket_mode import SocketMode
from sandbox.webapi import WebApi

if TYPE_CHECKING:
    from sandbox.page.shown import ShownSlack

Respond = Callable[[str, Json], None]
_START_SECONDS = 20.0


class Server:
    """Serves in a thread of its own, between `start` and `stop`.

    Args:
        web_api, respond, sockets: what is served.
        host, port: where; port 0 takes a free one.
    """

    def __init__(
        self, web_api: WebApi, respond: Respond, sockets: SocketMode, host: str, port: int
    ) -> None:
        self._web_api = web_api
        self._respond = respond
        self.app = Starlette(
            routes=[
                Route("/api/{method}", self._api, methods=["GET", "POST"]),
                Route("/response/{secret}", self._response, methods=["POST"]),
                WebSocketRoute("/link", sockets.serve),
            ]
        )
        self._host = host
        config = uvicorn.Config(
            self.app, host=host, port=port, log_level="warning", ws="websockets-sansio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="practice Slack")

    def add_page(self, slack: "ShownSlack") -> None:
        """Serve the page for `slack` at ``/`` as well. Call it before `start`."""
        from sandbox.page import attach  # NiceGUI is slow to import, and most never need it

        attach(self.app, slack)

    def start(self) -> None:
        """Returns once requests are answered. Raises NotRunningError when that fails."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise NotRunningError("the practice Slack did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Returns once the thread has ended."""
        self._server.should_exit = True
        self._thread.join()

    @property
    def address(self) -> str:
        """``127.0.0.1:4000``, for instance. Raises NotRunningError while it is stopped."""
        if not self._server.started or not self._thread.is_alive():
            raise NotRunningError("the practice Slack is not running")
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"{self._host}:{port}"

    async def _api(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        try:
            args = await _arguments(request)
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_json"})
        method = request.path_params["method"]
        status, headers, body = await run_in_threadpool(
            self._web_api.call, method, args, token or None
        )
        return Response(json.dumps(body), status_code=status, headers=headers)

    async def _response(self, request: Request) -> Response:
        try:
            body = await _arguments(request)
            await run_in_threadpool(self._respond, request.path_params["secret"], body)
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=400)
        except SlackError as refused:
            return PlainTextResponse(refused.code, status_code=refused.status)
        return PlainTextResponse("ok")


async def _arguments(request: Request) -> Json:
    """The arguments of a call, from the query, a form or JSON. Raises ValueError for others."""
    args: Json = dict(request.query_params)
    body = await request.body()
    if not body:
        return args
    if "json" in request.headers.get("content-type", ""):
        read = json.loads(body)
        if not isinstance(read, dict):
            raise ValueError("not an object")
        return args | read
    return args | dict(parse_qsl(body.decode(), keep_blank_values=True))
