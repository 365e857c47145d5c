"""Keep web pages elsewhere away: only the practice Slack's own page may use it in a browser.

A browser lets any page send requests to this machine. Three things stop one that is not ours:

- the `Host` is an address or `localhost`, so no name whose DNS points here (rebinding);
- an `Origin`, which browsers send with all but plain reading, is the page's own;
- the page is shown in no frame, so nobody can have its buttons pressed unseen.

Programs send neither an `Origin` nor `Sec-Fetch-Site`, and are not concerned.
Source: https://developer.mozilla.org/docs/Web/HTTP/Headers, `Origin` and `Sec-Fetch-Site`.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_REFUSED = (
    "This request comes from another web page, or under a name that is not this machine's. Open "
    "the practice Slack by the address that it has printed.\n"
)


class SameOrigin:
    """ASGI middleware that refuses what another page sends, with 403.

    Args:
        names: further host names to answer to.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...] = ()) -> None:
        self._app = app
        self._names = frozenset(("localhost", *names))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif self._is_ours(Headers(scope=scope)):
            await self._app(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            await PlainTextResponse(_REFUSED, status_code=403)(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or len(origins) > 1 or not self._is_here(hosts[0]):
            return False
        if origins and origins[0].lower() not in (f"http://{hosts[0]}", f"https://{hosts[0]}"):
            return False
        # Reading a page is fine from anywhere; including a part of it in another one is not.
        return (
            headers.get("sec-fetch-site") not in ("cross-site", "same-site")
            or headers.get("sec-fetch-mode") == "navigate"
        )

    def _is_here(self, host: str) -> bool:
        try:
            name = urlsplit(f"http://{host}").hostname or ""
            if name in self._names:
                return True
            ip_address(name)
        except ValueError:
            return False
        return True


def _unframed(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=_headers_of(message))
            headers["x-frame-options"] = "DENY"
            headers["content-security-policy"] = "frame-ancestors 'none'"
            message["headers"] = headers.raw
        await send(message)

    return sending


def _headers_of(message: Message) -> list[tuple[bytes, bytes]]:
    found: Any = message.get("headers", ())
    return list(found)
