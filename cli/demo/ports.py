"""Reserve the ports of the demo's parts before they start, so that each knows the others'."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"


@contextmanager
def reserved_port(preferred: int = 0) -> Iterator[int]:
    """Reserve a port that no other program gets in the meantime.

    The port is bound here without listening. A server that sets SO_REUSEADDR, as Uvicorn and the
    gateway do, can still listen on it.

    Args:
        preferred: the port to take if it is free; 0 takes any.
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
