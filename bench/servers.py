"""Granian and Uvicorn side by side: the same ASGI applications, in one run, in turns.

    .venv/bin/python -m bench.servers [--rounds 7] [--seconds 2] [--connections 32]

Needs `wrk` (Debian's package of that name). Each server runs in a process of its own, in a thread
that is not the main one, as the gateway does. Rounds go through all servers in turn, so that
whatever else the machine does hits all alike. What is printed are medians over the rounds; a ratio
is taken within each round, to the first server. The server's own processor time for a request is
the figure that a busy machine disturbs least.

Applications:
    empty    an empty 204: what the server itself costs
    memory   the gateway's /authz, its verifier asked inside the event loop
    threads  the gateway's /authz, its verifier asked in a pool of threads
The gateway's own short way for hot answers (gateway/routes/fast_path.py) is not among them: it is
Uvicorn's. The verifier reads the token, makes a digest and looks into a dictionary; there is no
database, whose cost is the same behind each server.
"""

# ruff: noqa: S603, T201 - it prints, and runs programs by name with its own arguments
from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.server_apps import TOKEN, application
from bench.wrk import WrkMissing, command, load

APPS = ("empty", "memory", "threads")
SERVERS = ("granian", "granian-uvloop", "uvicorn", "uvicorn-h11")


def serve(server: str, app: Any, port: int) -> None:
    """Run a server in the calling thread, for ever."""
    if server.startswith("granian"):
        _serve_granian(app, port, uvloop=server.endswith("uvloop"))
    else:
        _serve_uvicorn(app, port, plain=server.endswith("h11"))


def _serve_granian(app: Any, port: int, *, uvloop: bool) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    async def run() -> None:
        await Server(app, "127.0.0.1", port, interface=Interfaces.ASGINL, log_enabled=False).serve()

    if uvloop:
        import uvloop as loops

        with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
            runner.run(run())
    else:
        asyncio.run(run())


def _serve_uvicorn(app: Any, port: int, *, plain: bool) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,
        port=port,
        http="h11" if plain else "httptools",
        loop="asyncio" if plain else "uvloop",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
    )
    uvicorn.Server(config).run()


@dataclass(frozen=True)
class Measured:
    """What was seen in one round."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def measure(child: Child, seconds: int, connections: int) -> Measured:
    """Load one server on loopback, from a single thread.

    Raises:
        RuntimeError: if an answer was not 2xx or a connection broke.
    """
    before = child.cpu_seconds()
    seen = load(
        f"http://127.0.0.1:{child.port}/authz",
        seconds=seconds,
        connections=connections,
        headers={"Authorization": f"Bearer {TOKEN}", "X-Original-Method": "GET"},
    )
    if seen.refused:
        raise RuntimeError(f"{seen.refused} requests were refused")
    spent = child.cpu_seconds() - before
    return Measured(seen.per_second, seen.p50_ms, seen.p99_ms, spent * 1e6 / seen.requests)


class Child:
    """One server with one application, in a process of its own."""

    def __init__(self, server: str, app: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.servers", "--serve", server, app, str(self.port)],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def cpu_seconds(self) -> float:
        """Processor time that the process has used, in all its threads (proc(5): fields 14, 15)."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii", errors="replace")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def compare(app: str, rounds: int, seconds: int, connections: int) -> dict[str, list[Measured]]:
    """Measure every server with one application, in turns, after one round to warm up."""
    seen: dict[str, list[Measured]] = {server: [] for server in SERVERS}
    children = {server: Child(server, app) for server in SERVERS}
    try:
        for child in children.values():
            measure(child, 1, connections)
        for _ in range(rounds):
            for server, child in children.items():
                seen[server].append(measure(child, seconds, connections))
    finally:
        for child in children.values():
            child.stop()
    return seen


def show(app: str, seen: dict[str, list[Measured]]) -> None:
    """Print one table in Markdown."""
    median = statistics.median
    print(f"\n| {app} | requests a second | ratio | CPU µs a request | ratio | p50 ms | p99 ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    first = seen[SERVERS[0]]
    for server, measured in seen.items():
        pairs = list(zip(measured, first, strict=True))
        print(
            f"| {server} | {median(m.per_second for m in measured):,.0f} "
            f"| {median(m.per_second / f.per_second for m, f in pairs):.2f} "
            f"| {median(m.cpu_us for m in measured):.0f} "
            f"| {median(m.cpu_us / f.cpu_us for m, f in pairs):.2f} "
            f"| {median(m.p50_ms for m in measured):.2f} "
            f"| {median(m.p99_ms for m in measured):.1f} |"
        )


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--apps", nargs="+", choices=APPS, default=APPS)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        server, app, port = chosen.serve
        work = (server, application(app), int(port))
        threading.Thread(target=serve, args=work, daemon=True).start()
        sys.stdin.read()
        return
    try:
        command("", 1)
    except WrkMissing as missing:
        sys.exit(str(missing))
    for app in chosen.apps:
        show(app, compare(app, chosen.rounds, chosen.seconds, chosen.connections))


if __name__ == "__main__":
    main()
