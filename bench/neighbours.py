"""How long a good client waits during bad ones: its p99 alone, and during each, in turns.

The good client is a steady load on a few connections; the bad ones ask as much as they can. As if
clients were on machines of their own, the servers have a processor for themselves, and bad clients
get what the good one leaves of the others (`nice`): else three busy processes on two processors
wait for each other for as long as the scheduler likes, which is 4 ms at a time. What remains of
that is told by a control: the same clients, in the same rounds, at a server that does nothing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.refusals import LOGGED, stock_refused
from bench.report import Finding, Report
from bench.sites import Site
from bench.speed import HOT
from bench.wrk import command, load

_CONNECTIONS = 4
_LEAST_PRIORITY = ("nice", "-n", "19")
_FOR_EVER = 600
# A looping program that is refused, and one that is accepted, against peers that mean harm.
_LOOPING, _HARMFUL = 2.0, 3.0


def neighbours(report: Report, url: str, rounds: int, seconds: int) -> None:
    """The p99 of a good client during each kind of bad one."""
    good, kinds = stock_refused(url)
    mine = {"X-API-Key": good, **HOT}
    looping = {
        "a looping program, accepted": mine,
        "a looping program over its rate limit": kinds["rate_limited"],
        "a looping program with a revoked key": kinds["revoked"],
    }
    first, *others = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        with _on({first}):
            gateway = stack.enter_context(Site("gateway", url, settings=LOGGED))
            bare = stack.enter_context(Site("bare"))
        stack.enter_context(_on(set(others) or {first}))
        good_client = _GoodClient(report, gateway, bare, mine, rounds, seconds)
        for what, headers in looping.items():
            target = None if headers is mine else _LOOPING
            good_client.compare(what, partial(_looping, headers), target)
        for kind in ("slow", "greedy", "hoarding"):
            # A server that lets no pipeline wait for its turn answers greedy peers and nobody else.
            good_client.compare(
                f"{kind} peers", partial(_peers, kind), _HARMFUL, control=kind != "greedy"
            )


def _looping(headers: Mapping[str, str], site: Site) -> list[str]:
    return command(site.url, _FOR_EVER, headers=dict(headers))


def _peers(kind: str, site: Site) -> list[str]:
    return [sys.executable, "-m", "bench.bad_peers", kind, str(site.port)]


@dataclass(frozen=True, slots=True)
class _GoodClient:
    report: Report
    gateway: Site
    bare: Site
    headers: Mapping[str, str]
    rounds: int
    seconds: int

    def compare(
        self,
        what: str,
        bad: Callable[[Site], list[str]],
        target: float | None,
        *,
        control: bool = True,
    ) -> None:
        """Add the gateway's ratio, with the control's beside it.

        Args:
            bad: takes a site, and returns the command line of the bad client there.
        """
        sites = {"": self.gateway, "control_": self.bare} if control else {"": self.gateway}
        seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in sites}
        for site in sites.values():
            _p99(site, self.headers, 1)
        for _ in range(self.rounds):
            # In turns: what a bad client leaves behind at one has ended when it is asked again.
            for name, site in sites.items():
                seen[name].append(self._alone_and_during(site, bad(site)))
        ratios: dict[str, float] = {}
        detail: dict[str, float | str] = {}
        for name, measured in seen.items():
            alone, during, opened = map(statistics.median, zip(*measured, strict=True))
            ratios[name] = during / alone
            detail |= {f"{name}alone_ms": round(alone, 2), f"{name}during_ms": round(during, 2)}
            if opened > 10:  # the good client has some too
                detail[f"{name}connections_per_second"] = round(opened)
        if control:
            detail["control_ratio"] = round(ratios["control_"], 2)
        name = f"p99 of a good client during {what} / alone"
        self.report.add(Finding(name, ratios[""], target=target, least=False, detail=detail))

    def _alone_and_during(self, site: Site, bad: list[str]) -> tuple[float, float, float]:
        """Return the p99 alone, the p99 during `bad`, and the connections opened in a second."""
        alone = _p99(site, self.headers, self.seconds)
        with _running(bad):
            # It needs a moment to open its connections.
            _p99(site, self.headers, 1)
            before = _connections_opened()
            during = _p99(site, self.headers, self.seconds)
            return alone, during, (_connections_opened() - before) / self.seconds


def _connections_opened() -> int:
    """Return how many connections were opened on this machine so far (proc_net_snmp)."""
    lines = Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()
    names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    return int(values[names.index("PassiveOpens")])


@contextmanager
def _on(processors: set[int]) -> Iterator[None]:
    """Let this process, and what it starts, run on these processors only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _p99(site: Site, headers: Mapping[str, str], seconds: int) -> float:
    seen = load(
        site.url,
        seconds=seconds,
        connections=_CONNECTIONS,
        headers=dict(headers),
        script="steady.lua",
    )
    if not seen.requests:
        # Its p99 would be 0, the best there is.
        raise RuntimeError("none of the good client's requests was answered")
    if seen.refused:
        raise RuntimeError(f"{seen.refused} of the good client's requests were refused")
    return seen.p99_ms


@contextmanager
def _running(line: list[str]) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [*_LEAST_PRIORITY, *line],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()
