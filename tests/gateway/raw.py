"""Talks HTTP over a bare socket, so that tests decide what is sent, and in which pieces."""

from __future__ import annotations

import re
import socket

DEADLINE = 10


def exchange(port: int, sent: bytes, *, answers: int | None, piece: int = 1 << 20) -> list[int]:
    """Sends bytes on one connection and returns the statuses of the answers, in order.

    Args:
        answers: how many to wait for; None reads until the server closes the connection.
        piece: how many bytes go out at a time.
    """
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as connection:
        connection.settimeout(DEADLINE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(sent), piece):
            connection.sendall(sent[start : start + piece])
        received = b""
        while answers is None or len(_statuses(received)) < answers:
            part = connection.recv(65_536)
            if not part:
                break
            received += part
        return _statuses(received)


def _statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [^\r]*\r\n", received)]
