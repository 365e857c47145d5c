"""Hot verification, ours against each peer's: in one run and in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.peers import environments
from bench.peers.environments import PeerMissing
from bench.peers.nginx import Nginx
from bench.peers.processes import Peer
from bench.report import Report, ratio
from bench.sites import Site
from bench.speed import HOT, Stocked, hot_rate, in_turns
from bench.wrk import CONNECTIONS, load


@dataclass(frozen=True, slots=True)
class Contest:
    """A peer, in one configuration.

    Attributes:
        target: how many times as fast the gateway must be; None where it is told for fairness.
        connections: with how many it is fastest.
        seconds: how long one of its rounds takes at least, where it is slow.
    """

    name: str
    start: Callable[[], Peer]
    target: float | None
    connections: int = CONNECTIONS
    seconds: int = 1


def peers(report: Report, stocked: Stocked, folder: Path, rounds: int, seconds: int) -> None:
    """All of them; one that cannot be had here is left out with a note."""
    for open_contests in (_better_auth, _drf_api_key, _keyshield):
        try:
            for contest in open_contests(folder):
                with _started(contest) as peer, Site("gateway", stocked.url) as gateway:
                    _compare(report, contest, peer, gateway, stocked.one(), rounds, seconds)
                    if contest.target is not None:
                        _bounds(report, contest, peer, folder, rounds, seconds)
        except PeerMissing as missing:
            report.leave_out(f"{open_contests.__name__.strip('_')}: {missing}")


@contextmanager
def _started(contest: Contest) -> Iterator[Peer]:
    with contest.start() as peer:
        yield peer


def _compare(
    report: Report,
    contest: Contest,
    peer: Peer,
    gateway: Site,
    token: str,
    rounds: int,
    seconds: int,
) -> None:
    pairs = in_turns(
        rounds,
        lambda: hot_rate(gateway, token, seconds),
        lambda: _rate(contest, peer, seconds),
    )
    ours, other = zip(*pairs, strict=True)
    report.add(ratio(f"hot verification / {contest.name}", ours, other, contest.target))


def _bounds(
    report: Report, contest: Contest, peer: Peer, folder: Path, rounds: int, seconds: int
) -> None:
    """What others reach that look at nothing: the gateway's own server, by its application, and a
    server in C with one worker."""
    bounds: dict[str, Callable[[], AbstractContextManager[Site | Nginx]]] = {
        "the same server's empty answer": lambda: Site("empty"),
        "nginx's empty answer": lambda: Nginx(folder / "nginx"),
    }
    for name, start in bounds.items():
        try:
            with start() as bound:
                url = bound.url
                pairs = in_turns(
                    rounds,
                    partial(_load_rate, url, seconds),
                    lambda: _rate(contest, peer, seconds),
                )
        except PeerMissing as missing:
            report.leave_out(f"{name}: {missing}")
        else:
            ours, other = zip(*pairs, strict=True)
            report.add(ratio(f"{name} / {contest.name}", ours, other))


def _load_rate(url: str, seconds: int) -> float:
    return load(url, seconds=seconds, headers=HOT).per_second


def _rate(contest: Contest, peer: Peer, seconds: int) -> float:
    """Requests a second of a peer. Raises RuntimeError if it refused any."""
    seen = load(
        peer.url,
        seconds=max(seconds, contest.seconds),
        connections=contest.connections,
        headers=peer.headers,
    )
    if seen.refused:
        raise RuntimeError(f"{contest.name} refused {seen.refused} good keys")
    return seen.per_second


def _better_auth(folder: Path) -> Iterator[Contest]:
    program, there = environments.node("better_auth", folder)

    def start(mode: str) -> Callable[[], Peer]:
        return lambda: Peer(
            lambda port: (program, "server.mjs", mode, str(port), str(folder / "better-auth.db")),
            there,
            lambda key: {"X-API-Key": key},
        )

    # As it is run in production: its keys outlive the process, as the gateway's do. The next has no
    # database, and is held to the same; the last does not look into it.
    yield Contest("better-auth, its keys in a SQLite file", start("file"), 20)
    yield Contest("better-auth, its keys in objects in memory", start("database"), 20)
    yield Contest("better-auth, keys in a secondary storage in memory", start("secondary"), None)


def _drf_api_key(folder: Path) -> Iterator[Contest]:
    programs = environments.python("drf_api_key", folder)
    there = folder / "drf_api_key"
    there.mkdir()
    key = there / "key"
    application = str(environments.HERE / "drf_api_key")

    def line(port: int) -> tuple[str, ...]:
        # One worker, as the gateway has one; two threads of it are no faster than one process.
        return (
            str(programs / "gunicorn"), "--workers", "1", "--bind", f"127.0.0.1:{port}",
            "--chdir", application, "--log-level", "error", "app:application",
        )  # fmt: skip

    def start() -> Peer:
        environment = {"BENCH_KEY": str(key)}
        return Peer(
            line, there, lambda given: {"Authorization": f"Api-Key {given}"}, environment, key
        )

    yield Contest("DRF API key under gunicorn", start, 40)


def _keyshield(folder: Path) -> Iterator[Contest]:
    programs = environments.python("keyshield", folder)

    def start(delay: str) -> Callable[[], Peer]:
        there = folder / f"keyshield-{delay}"
        there.mkdir()
        key = there / "key"

        def line(port: int) -> tuple[str, ...]:
            return (
                str(programs / "uvicorn"), "--port", str(port), "--log-level", "error",
                "--app-dir", str(environments.HERE / "keyshield"), "app:app",
            )  # fmt: skip

        environment = {"BENCH_KEY": str(key), "BENCH_DELAY": delay}
        return lambda: Peer(
            line, there, lambda given: {"Authorization": f"Bearer {given}"}, environment, key
        )

    # It writes to its database before it waits, so a second connection only waits for the lock.
    yield Contest("keyshield with its cache", start("yes"), 1_000, connections=1, seconds=5)
    yield Contest("keyshield with its cache, without its delay", start("no"), None, connections=1)
