"""What a gateway answers while it waits for its database at the start: alive, and not ready."""

from __future__ import annotations

from runtime.http_messages import Receive, Reply, Scope, Send, json_reply, problem

_ALIVE = json_reply(200, {"status": "ok"})
_RETRY_AFTER = [(b"retry-after", b"2")]
_NOT_READY = json_reply(503, {"status": "unavailable"}, _RETRY_AFTER)
_UNAVAILABLE = problem(
    503, "unavailable", "Keys cannot be checked right now. Try again shortly.", _RETRY_AFTER
)


async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application: `/healthz` is a 200, and everything else a 503."""
    if scope["type"] == "http":
        await _reply(scope["path"]).send(send)
    elif scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    else:
        await send({"type": "websocket.close", "code": 1008})


def _reply(path: str) -> Reply:
    return {"/healthz": _ALIVE, "/readyz": _NOT_READY}.get(path, _UNAVAILABLE)
