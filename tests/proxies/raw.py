"""Sends bytes to a proxy as they are, and reads what comes back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

SECONDS = 10


@dataclass
class Connection:
    """One connection: what is sent, and what comes."""

    socket: socket.socket
    received: BinaryIO

    def send(self, sent: bytes) -> None:
        """Send these bytes."""
        self.socket.sendall(sent)

    def status(self) -> int:
        """Read a reply's head, and return its status; 0 if the proxy hung up."""
        status = self.received.readline().split()
        while self.received.readline().strip():
            pass
        return int(status[1]) if len(status) > 1 else 0


@contextmanager
def connect(port: int, seconds: float = SECONDS) -> Iterator[Connection]:
    """Connect to a port."""
    with (
        socket.create_connection(("127.0.0.1", port), seconds) as connected,
        connected.makefile("rb") as received,
    ):
        yield Connection(connected, received)


def head(target: str, *lines: str, method: str = "GET", host: str | None = "api.test") -> bytes:
    """Return a request's head."""
    hosts = [] if host is None else [f"Host: {host}"]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *hosts, *lines, "", ""]).encode("latin-1")


def answer(port: int, sent: bytes) -> int:
    """Send a request, and return the status of the reply; 0 if the proxy hung up."""
    with connect(port) as connection:
        connection.send(sent)
        try:
            return connection.status()
        except ConnectionError:
            return 0
