"""Socket Mode: the app's web sockets, and deliveries over them.

See https://docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.base.ids import new_secret
from sandbox.delivery.dispatcher import ACK_SECONDS, Ack, Delivery, NotAcknowledged, Retry
from sandbox.delivery.faults import DisconnectReason
from sandbox.delivery.stalled_socket import stall_switch
from sandbox.state.installation import Installation
from sandbox.state.models import Json

CONNECTIONS = 10
"""The most sockets one app may have open."""


class SocketMode:
    """The open sockets: deliveries take them in turn, and each ticket opens one."""

    def __init__(self, install: Installation) -> None:
        self._install = install
        self._lock = threading.Condition()
        self._tickets: set[str] = set()
        self._sockets: list[WebSocket] = []
        self._warned: set[WebSocket] = set()
        self._stalled: set[WebSocket] = set()
        self._pending: dict[str, Future[Ack]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_index = 0

    def ticket(self) -> str:
        """Return a ticket that opens one socket, once."""
        ticket = new_secret(32)
        with self._lock:
            self._tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """Serve one socket until it closes."""
        with self._lock:
            ticket = socket.query_params.get("ticket", "")
            allowed = ticket in self._tickets and len(self._sockets) < CONNECTIONS
            self._tickets.discard(ticket)
        if not allowed:
            await socket.close(code=1008)
            return
        self._loop = asyncio.get_running_loop()
        await socket.accept()
        try:
            await socket.send_json(self._hello())
            for replaced in self._add(socket):
                await _close(replaced)
            while True:
                self._receive(socket, await socket.receive_json())
        except WebSocketDisconnect:
            return
        finally:
            self._remove(socket)

    def deliver(self, delivery: Delivery) -> Ack:
        """Send one envelope and return its acknowledgement; this is a `Transport`."""
        envelope_id, answer = str(uuid4()), Future[Ack]()
        with self._lock:
            loop = self._loop
            if loop is None or not self._sockets:
                raise NotAcknowledged("dispatch_failed")
            self._pending[envelope_id] = answer
        sent = asyncio.run_coroutine_threadsafe(self._send(_envelope(envelope_id, delivery)), loop)
        try:
            if not sent.result(ACK_SECONDS):
                raise NotAcknowledged("dispatch_failed")
            return answer.result(ACK_SECONDS)
        except TookTooLong:
            sent.cancel()
            raise NotAcknowledged("operation_timeout") from None
        finally:
            with self._lock:
                self._pending.pop(envelope_id, None)

    def wait(self, within: float) -> bool:
        """Wait up to so many real seconds for an open socket; returns whether there is one."""
        with self._lock:
            return self._lock.wait_for(lambda: bool(self._sockets), within)

    def disconnect(self, reason: DisconnectReason) -> None:
        """Send ``disconnect`` on every socket and close it, so that the app opens others.

        After a warning a socket stays in use until the app has opened another.
        """
        with self._lock:
            sockets, loop = list(self._sockets), self._loop
            if reason == "warning":
                self._warned.update(sockets)
            else:
                self._sockets.clear()
        for socket in sockets:
            if loop is not None:
                asyncio.run_coroutine_threadsafe(_disconnect(socket, reason), loop).result(
                    ACK_SECONDS
                )

    def time_out(self) -> None:
        """Let every delivery that waits for its acknowledgement time out now."""
        with self._lock:
            pending = list(self._pending.values())
            self._pending.clear()
        for answer in pending:
            answer.set_exception(NotAcknowledged("operation_timeout"))

    def stall(self, stalled: bool) -> None:
        """Silence the open sockets, or resume them."""
        with self._lock:
            sockets, loop = list(self._sockets if stalled else self._stalled), self._loop
            self._stalled = set(sockets) if stalled else set()
        for socket in sockets:
            if loop is not None:
                asyncio.run_coroutine_threadsafe(_stall(socket, stalled), loop).result(ACK_SECONDS)

    def _add(self, socket: WebSocket) -> list[WebSocket]:
        """Start delivering on this socket; returns the warned ones that it replaces."""
        with self._lock:
            replaced = [s for s in self._sockets if s in self._warned]
            self._sockets = [s for s in self._sockets if s not in self._warned] + [socket]
            self._warned.clear()
            self._lock.notify_all()
            return replaced

    async def _send(self, envelope: Json) -> bool:
        """Send on the next socket in turn; returns False when none is left."""
        while (socket := self._next_socket()) is not None:
            if socket in self._stalled:
                return True
            try:
                await socket.send_json(envelope)
            except (WebSocketDisconnect, RuntimeError):  # it has just closed: try the next one
                self._remove(socket)
            else:
                return True
        return False

    def _next_socket(self) -> WebSocket | None:
        with self._lock:
            self._next_index += 1
            return self._sockets[self._next_index % len(self._sockets)] if self._sockets else None

    def _hello(self) -> Json:
        with self._lock:
            count = len(self._sockets) + 1
        return {
            "type": "hello",
            "num_connections": count,
            "debug_info": {"host": "practice", "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._install.app_id},
        }

    def _receive(self, socket: WebSocket, message: Any) -> None:
        envelope_id = message.get("envelope_id") if isinstance(message, dict) else None
        with self._lock:
            pending = self._pending.pop(envelope_id, None) if envelope_id else None
        if pending is not None:
            pending.set_result(message.get("payload"))

    def _remove(self, socket: WebSocket) -> None:
        with self._lock:
            if socket in self._sockets:
                self._sockets.remove(socket)
            self._stalled.discard(socket)
            self._warned.discard(socket)


def _envelope(envelope_id: str, delivery: Delivery) -> Json:
    is_event = delivery.kind == "events_api"
    envelope: Json = {
        "envelope_id": envelope_id,
        "type": delivery.kind,
        "payload": delivery.body,
        "accepts_response_payload": not is_event,
    }
    return envelope | (_retry_fields(delivery.retry) if is_event else {})


def _retry_fields(retry: Retry | None) -> Json:
    """Return the envelope's retry fields; over sockets the only reason is a timeout."""
    if retry is None:
        return {"retry_attempt": 0, "retry_reason": ""}
    return {"retry_attempt": retry.number, "retry_reason": "timeout"}


async def _disconnect(socket: WebSocket, reason: DisconnectReason) -> None:
    try:
        await socket.send_json({"type": "disconnect", "reason": reason})
    except (WebSocketDisconnect, RuntimeError):
        return  # the app has closed it already
    if reason != "warning":
        await _close(socket)


async def _stall(socket: WebSocket, stalled: bool) -> None:
    """Silence a socket in its loop, so that the caller can wait until it is done."""
    stall_switch(socket)(stalled)


async def _close(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # raised where it is closed already
        await socket.close()
