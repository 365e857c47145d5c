"""What a gateway answers while it waits for its database at the start: alive, and not ready."""

from __future__ import annotations

from gateway.base.options import Options
from gateway.routes.forward_auth import unavailable
from gateway.routes.health import UP, not_ready
from runtime.http_messages import Receive, Scope, Send

_RETRY_AFTER = Options().retry_after
_REPLIES = {"/healthz": UP, "/readyz": not_ready(_RETRY_AFTER)}
_UNAVAILABLE = unavailable(_RETRY_AFTER)


async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application: `/healthz` is a 200, and everything else a 503."""
    if scope["type"] == "http":
        await _REPLIES.get(scope["path"], _UNAVAILABLE).send(send)
    elif scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    else:
        await send({"type": "websocket.close", "code": 1008})
