"""A process that presents one token to several gateways, as fast as each answers.

    python -m bench.prober PORT PORT …

It reads lines from standard input: `try TOKEN` begins, `stop` ends, and is answered with one line
of JSON: for each gateway when its last accepted request was sent, and when its newest accepted ones
were. Times are the machine's monotonic clock, which all its processes share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field


@dataclass
class Seen:
    """What one gateway answered, by the moment at which it was asked."""

    accepted: list[float] = field(default_factory=list)
    refused: int = 0


class Prober:
    """Connections to all gateways, and the token that they present now."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._request = b""
        self._seen = [Seen() for _ in ports]
        self._turns = asyncio.Event()

    async def run(self) -> None:
        """Until standard input ends."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        probes = [loop.create_task(self._probe(*each)) for each in enumerate(self._ports)]
        while line := (await reader.readline()).decode().split():
            if line[0] == "try":
                await self._begin(line[1])
            else:
                self._turns.clear()
                self._tell()
        for probe in probes:
            probe.cancel()

    async def _begin(self, token: str) -> None:
        self._seen = [Seen() for _ in self._ports]
        self._request = (
            f"GET /authz HTTP/1.1\r\nHost: x\r\nX-API-Key: {token}\r\n"
            "X-Original-Method: GET\r\n\r\n"
        ).encode()
        self._turns.set()
        # Until every gateway remembers the token, there is nothing to be forgotten.
        while not all(len(seen.accepted) > 5 for seen in self._seen):
            await asyncio.sleep(0.001)
        self._say({"ready": True})

    async def _probe(self, number: int, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            await self._turns.wait()
            sent = time.monotonic()
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 204 "):
                self._seen[number].accepted.append(sent)
            else:
                self._seen[number].refused += 1
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
            # A request in a millisecond is often enough, and leaves the gateways to the load.
            await asyncio.sleep(0.001)

    def _tell(self) -> None:
        self._say(
            {
                "last_accepted": [seen.accepted[-1] for seen in self._seen],
                "recently_accepted": [seen.accepted[-200:] for seen in self._seen],
                "refused": [seen.refused for seen in self._seen],
            }
        )

    @staticmethod
    def _say(what: object) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(Prober([int(port) for port in sys.argv[1:]]).run())
