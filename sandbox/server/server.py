"""The practice Slack's HTTP and web socket server: Web API, response URLs, Socket Mode, files."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from sandbox.base.errors import SlackError
from sandbox.delivery.socket_mode import SocketMode
from sandbox.delivery.stalled_socket import StallingProtocol
from sandbox.server.same_origin import SameOrigin
from sandbox.server.threaded_server import ThreadedServer
from sandbox.state.files import file_json
from sandbox.state.models import Json
from sandbox.webapi import WebApi

if TYPE_CHECKING:
    from sandbox.page.base.protocols import PageSandbox

# Each of them may be told to answer slowly.
_CALLS_AT_ONCE = 1_000

Respond = Callable[[str, Json], None]


class Server:
    """Serves in a background thread, between `start` and `stop`.

    Args:
        web_api, respond, sockets: what is served.
        host, port: where; port 0 chooses a free one.
    """

    def __init__(
        self, web_api: WebApi, respond: Respond, sockets: SocketMode, host: str, port: int
    ) -> None:
        self._web_api = web_api
        self._respond = respond
        self._limiter: CapacityLimiter | None = None
        self.app = Starlette(
            routes=[
                Route("/api/{method}", self._api, methods=["GET", "POST"]),
                Route("/response/{secret}", self._response, methods=["POST"]),
                Route("/upload/{secret}", self._upload, methods=["POST"]),
                Route("/files/{id}/{name}", self._file, methods=["GET"]),
                WebSocketRoute("/link", sockets.serve),
            ]
        )
        self._server = ThreadedServer(
            SameOrigin(self.app, (host,)),
            host=host,
            port=port,
            name="practice Slack",
            ws=StallingProtocol,
        )

    def add_page(self, slack: "PageSandbox") -> None:
        """Serve the page for `slack` at ``/`` as well. Call it before `start`."""
        from sandbox.page import attach  # NiceGUI is slow to import, and most tests never need it

        attach(self.app, slack)

    def start(self) -> None:
        """Start serving; returns once requests are answered. Raises NotRunningError on failure."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving; returns once the thread has ended."""
        self._server.stop()

    @property
    def address(self) -> str:
        """``127.0.0.1:4000``, for instance. Raises NotRunningError while it is stopped."""
        return self._server.address

    async def _api(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        try:
            args = await arguments(request)
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_json"})
        method = request.path_params["method"]
        status, headers, body = await to_thread.run_sync(
            self._web_api.call, method, args, token or None, limiter=self._calls()
        )
        return Response(json.dumps(body), status_code=status, headers=headers)

    def _calls(self) -> CapacityLimiter:
        # It belongs to the loop, so it is made there.
        if self._limiter is None:
            self._limiter = CapacityLimiter(_CALLS_AT_ONCE)
        return self._limiter

    async def _upload(self, request: Request) -> Response:
        content = await request.body()
        workspace = self._web_api.workspace
        with workspace.change():
            taken = workspace.files.receive(request.path_params["secret"], content)
        if not taken:
            return PlainTextResponse("failed", status_code=400)
        return PlainTextResponse(f"OK - {len(content)}")

    async def _file(self, request: Request) -> Response:
        """Serve a file to a member of the conversation it was shared in (`?as=alice`)."""
        workspace = self._web_api.workspace
        with workspace.lock:
            upload = workspace.files.get(request.path_params["id"])
            account = workspace.account_named(request.query_params.get("as", ""))
            channel = workspace.channels.get((upload.shared_in or "") if upload else "")
            allowed = account is not None and channel is not None and account.id in channel.members
        if upload is None or upload.content is None or not allowed:
            return PlainTextResponse("file_not_found", status_code=404)
        kind = file_json(upload)["mimetype"]
        disposition = "inline" if kind == "image/png" else "attachment"
        headers = {"Content-Disposition": f'{disposition}; filename="{upload.name}"'}
        return Response(upload.content, media_type=kind, headers=headers)

    async def _response(self, request: Request) -> Response:
        try:
            body = await arguments(request)
            await to_thread.run_sync(
                self._respond, request.path_params["secret"], body, limiter=self._calls()
            )
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=400)
        except SlackError as refused:
            return PlainTextResponse(refused.code, status_code=refused.status)
        return PlainTextResponse("ok")


async def arguments(request: Request) -> Json:
    """Return a call's arguments from the query, a form or JSON. Raises ValueError otherwise."""
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
