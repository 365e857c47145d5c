"""A web socket that can go silent without closing, as on a bad network."""

from typing import Protocol, cast

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

_STALL = "practice_slack.stall"


class StallSwitch(Protocol):
    """Silences one socket or resumes it; call it in the server's event loop."""

    def __call__(self, stalled: bool) -> None: ...


class StallingProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which while stalled reads nothing and so answers no ping.

    What arrived meanwhile is read once it resumes.
    """

    _stalled = False
    _buffered = b""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # not where the handshake was refused
            self.scope["state"][_STALL] = self.stall

    def data_received(self, data: bytes) -> None:
        if self._stalled:
            self._buffered += data
        else:
            super().data_received(data)

    def stall(self, stalled: bool) -> None:
        """Silence or resume this socket; this is a `StallSwitch`."""
        self._stalled = stalled
        if stalled:
            self.stop_keepalive()
            return
        self.start_keepalive()
        buffered, self._buffered = self._buffered, b""
        if buffered:
            super().data_received(buffered)


def stall_switch(socket: WebSocket) -> StallSwitch:
    """Return the switch of a socket that `StallingProtocol` serves."""
    return cast(StallSwitch, socket.scope["state"][_STALL])
