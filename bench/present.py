"""Presents tokens over many connections at once, each token a single time, and times the whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

import uvloop

_CONNECTIONS = 32


def present_each_once(port: int, tokens: Sequence[str]) -> float:
    """Requests a second.

    Raises:
        RuntimeError: if a token was refused.
    """
    return uvloop.run(_present(port, tokens))


async def _present(port: int, tokens: Sequence[str]) -> float:
    waiting = iter(tokens)
    connections = [
        await asyncio.open_connection("127.0.0.1", port)
        for _ in range(min(_CONNECTIONS, len(tokens)))
    ]
    started = time.perf_counter()
    await asyncio.gather(*(_one_after_another(*pair, waiting) for pair in connections))
    took = time.perf_counter() - started
    for _, writer in connections:
        writer.close()
    return len(tokens) / took


async def _one_after_another(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, waiting: Iterator[str]
) -> None:
    for token in waiting:
        writer.write(
            f"GET /authz HTTP/1.1\r\nHost: x\r\nX-API-Key: {token}\r\n"
            "X-Original-Method: GET\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 204 "):
            raise RuntimeError(head.decode())
