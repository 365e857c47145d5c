"""A web socket that can be let go silent without closing, as sockets on a bad network do."""

from typing import Protocol, cast

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

_STALL = "practice_slack.stall"


class StallSwitch(Protocol):
    """Lets one socket go silent, or speak again; to be called in the server's event loop."""

    def __call__(self, stalled: bool) -> None: ...


class StallingProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own protocol; while it is stalled it hears nothing, so it answers no ping either.

    What came meanwhile is heard once it speaks again.
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
        """A `Stall`."""
        self._stalled = stalled
        if stalled:
            self.stop_keepalive()
            return
        self.start_keepalive()
        buffered, self._buffered = self._buffered, b""
        if buffered:
            super().data_received(buffered)


def stall_switch(socket: WebSocket) -> StallSwitch:
    """What stalls this socket, which `StallingProtocol` serves."""
    return cast(StallSwitch, socket.scope["state"][_STALL])
