"""An API that tells what reached it: the request's headers, and its body's length and hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.http_messages import Receive, Scope, Send
from runtime.http_server import Running, serve_in_thread


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    digest, size, more = hashlib.sha256(), 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size, more = size + len(part), message.get("more_body", False)
        digest.update(part)
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    told = {"headers": headers, "size": size, "sha256": digest.hexdigest()}
    body = json.dumps(told).encode()
    start = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def echo() -> Iterator[Running]:
    """The API at work."""
    running = serve_in_thread(application, "127.0.0.1", 0, setting="the echo API")
    yield running
    running.stop()
