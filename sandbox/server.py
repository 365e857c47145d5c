"""The practice Slack's own HTTP and web socket server: Web API, response URLs, Socket Mode."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from sandbox.errors import SlackError
from sandbox.model import Json
from sandbox.serving import Serving
from sandbox.socket_mode import SocketMode
from sandbox.stalling import StallingProtocol
from sandbox.webapi import WebApi

if TYPE_CHECKING:
    from sandbox.page.shown import ShownSlack

Respond = Callable[[str, Json], None]


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
        self._serving = Serving(
            self.app, host=host, port=port, name="practice Slack", ws=StallingProtocol
        )

    def add_page(self, slack: "ShownSlack") -> None:
        """Serve the page for `slack` at ``/`` as well. Call it before `start`."""
        from sandbox.page import attach  # NiceGUI is slow to import, and most never need it

        attach(self.app, slack)

    def start(self) -> None:
        """Returns once requests are answered. Raises NotRunningError when that fails."""
        self._serving.start()

    def stop(self) -> None:
        """Returns once the thread has ended."""
        self._serving.stop()

    @property
    def address(self) -> str:
        """``127.0.0.1:4000``, for instance. Raises NotRunningError while it is stopped."""
        return self._serving.address

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
