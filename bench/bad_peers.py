"""A process of peers that do a gateway harm: slow ones, and greedy ones.

    python -m bench.bad_peers slow PORT        hold connections: heads, bodies and replies that drip
    python -m bench.bad_peers greedy PORT      thousands of requests in one piece, on 32 connections
    python -m bench.bad_peers hoarding PORT    open as many connections as they get, without end

They go on until they are told to stop.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import cycle

_SLOW, _GREEDY, _HOARDING = 300, 32, 8
_PIECE = b"GET /authz HTTP/1.1\r\nHost: x\r\nX-Original-Method: GET\r\n\r\n" * 2_000
# What is sent first, and then bit by bit.
_DRIPPING = (
    (b"GET /authz HTTP/1.1\r\n", b"X-Filler: a\r\n"),
    (b"POST /authz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"a"),
    (_PIECE[:5_500], _PIECE[:55]),
)

Attack = Callable[[int, int], Awaitable[None]]


async def _slow(port: int, number: int) -> None:
    """Send a little now and then, and read nothing."""
    first, drip = _DRIPPING[number % len(_DRIPPING)]
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
    writer.write(first)
    while not writer.is_closing():
        await asyncio.sleep(0.5)
        writer.write(drip)
        await writer.drain()


async def _greedy(port: int, _number: int) -> None:
    """Ask much at once, and read fast."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)

    async def read() -> None:
        while await reader.read(1 << 20):
            pass

    reading = asyncio.create_task(read())
    try:
        while True:
            writer.write(_PIECE)
            await writer.drain()
    finally:
        reading.cancel()


async def _hoarding(port: int, _number: int) -> None:
    """Open one connection after the other."""
    held = []
    for _ in cycle((0,)):
        held.append(await asyncio.open_connection("127.0.0.1", port))
        # The oldest are dropped, so that this process keeps within its own open files.
        if len(held) > 200:
            held.pop(0)[1].close()


async def _again_and_again(attack: Attack, port: int, number: int) -> None:
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            await attack(port, number)
        await asyncio.sleep(0.01)


async def _run(kind: str, port: int) -> None:
    attacks: dict[str, tuple[Attack, int]] = {
        "slow": (_slow, _SLOW),
        "greedy": (_greedy, _GREEDY),
        "hoarding": (_hoarding, _HOARDING),
    }
    attack, count = attacks[kind]
    await asyncio.gather(*(_again_and_again(attack, port, number) for number in range(count)))


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
