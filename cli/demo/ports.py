"""Ports for the parts of the demo, chosen before the parts start, so that each knows the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"


@contextmanager
def held(preferred: int = 0) -> Iterator[int]:
    """A port that nobody listens on, and that the system gives to nobody else meanwhile.

    The port is bound here without listening, which lets a server that sets SO_REUSEADDR (as
    Uvicorn and the gateway do) listen on it all the same.

    Args:
        preferred: the port to take if nobody listens there; 0 takes any.
    """
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder,
        socket.socket(socket.AF_UNIX) as claim,
    ):
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # Two demos that start together could both bind the port, and only one could listen. A
            # name in Linux's abstract namespace is taken once, and free again when its taker ends.
            claim.bind(f"\0apikeys demo, port {preferred}" if preferred else "")
            holder.bind((HOST, preferred))
        except OSError:
            holder.bind((HOST, 0))
        yield holder.getsockname()[1]
