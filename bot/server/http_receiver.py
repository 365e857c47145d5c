"""Receive Slack's requests over signed HTTP: one path for commands, presses and events.

If many workspaces are served, two more paths are for the browser of the person who installs the
app.

The signature and the time of each request are checked first (bot.server.slack_requests). Bolt's
app blocks, so it runs in threads: in the event loop, one slow answer of Slack's would delay all
other acknowledgements.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from slack_bolt import App, BoltRequest, BoltResponse
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.server.pools import ACKNOWLEDGING, AcknowledgingThreads
from bot.server.slack_requests import Unreadable, is_signed, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATH = "/slack/events"
# A view may have 250 kB, and more when it is encoded as a form.
BODY_MAX = 1024 * 1024
Pages = Mapping[str, Callable[[BoltRequest], BoltResponse]]


def receiver(
    app: App,
    signing_secret: str,
    threads: int = ACKNOWLEDGING,
    pages: Pages | None = None,
    now: Callable[[], float] = time.time,
) -> Starlette:
    """Return an ASGI application that passes Slack's requests to the app.

    Args:
        app: must have the signing secret too; without it, Bolt would refuse everything.
        threads: how many requests are handled at the same time; others wait.
        pages: the handlers of a browser's requests, by path; see bot.installation.oauth.
        now: returns seconds since 1970, with which a request's time is compared.
    """
    pool = AcknowledgingThreads(threads)

    async def events(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # the client is gone
        if body is None:
            problem = f"The body may be {BODY_MAX} bytes at most."
            return PlainTextResponse(problem, status_code=413)
        if not is_signed(signing_secret, request.headers, body, now):
            return PlainTextResponse("The signature is missing, wrong or old.", status_code=401)
        try:
            bolt_request = read(request.headers, dict(request.query_params), body)
        except Unreadable as error:
            return PlainTextResponse(str(error), status_code=400)
        return _response(
            await asyncio.get_running_loop().run_in_executor(pool, app.dispatch, bolt_request)
        )

    async def page(request: Request) -> Response:
        bolt_request = BoltRequest(
            body="", query=dict(request.query_params), headers=dict(request.headers)
        )
        handler = (pages or {})[request.url.path]
        return _response(
            await asyncio.get_running_loop().run_in_executor(pool, handler, bolt_request)
        )

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(pool.shutdown)

    page_routes = [Route(path, page, methods=["GET"]) for path in pages or ()]
    return Starlette(
        routes=[Route(PATH, events, methods=["POST"]), Route("/healthz", healthz), *page_routes],
        lifespan=lifespan,
    )


async def _body(request: Request) -> bytes | None:
    """Return the body; None if it is too long, in which case the rest is not read."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > BODY_MAX:
            return None
    return bytes(received)


def _response(answer: BoltResponse) -> Response:
    response = Response(answer.body, status_code=answer.status)
    for name, values in answer.headers.items():
        if name.lower() != "content-length":
            for value in values:
                response.headers.append(name, value)
    return response
