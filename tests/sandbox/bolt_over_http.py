"""An app behind a real HTTP server on this machine, for deliveries by signed HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.server.threaded_server import ThreadedServer

Answer = Callable[[Request, bytes], Response]
"""What an app does with a POST request and its body; it runs in a thread."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Serve while the block lasts; yields the URL for deliveries."""

    async def events(request: Request) -> Response:
        return await run_in_threadpool(answer, request, await request.body())

    app = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
    with ThreadedServer(app, name="app under test") as server:
        yield f"http://{server.address}/slack/events"


def bolt(app: App) -> Answer:
    """Hand every request to a Bolt app."""
    return lambda request, body: to_starlette_response(app.dispatch(to_bolt_request(request, body)))
