"""How long a good client waits during bad ones: its p99 alone, and during each, in turns.

The good client is a steady load on a few connections; the bad ones ask as much as they can.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.refusals import LOGGED, stock_refused
from bench.report import Finding, Report
from bench.sites import Site
from bench.speed import HOT
from bench.wrk import command, load

_CONNECTIONS = 4
_FOR_EVER = 600
# A looping program that is refused, and one that is accepted, against peers that mean harm.
_LOOPING, _HARMFUL = 2.0, 3.0


def neighbours(report: Report, url: str, rounds: int, seconds: int) -> None:
    """The p99 of a good client during each kind of bad one."""
    good, kinds = stock_refused(url)
    mine = {"X-API-Key": good, **HOT}
    with Site("gateway", url, settings=LOGGED) as site:
        looping = {
            "a looping program, accepted": mine,
            "a looping program over its rate limit": kinds["rate_limited"],
            "a looping program with a revoked key": kinds["revoked"],
        }
        for what, headers in looping.items():
            line = command(site.url, _FOR_EVER, headers=dict(headers))
            target = None if headers is mine else _LOOPING
            _compare(report, what, line, site, mine, rounds, seconds, target)
        for kind in ("slow", "greedy", "hoarding"):
            line = [sys.executable, "-m", "bench.bad_peers", kind, str(site.port)]
            what = f"{kind} peers"
            _compare(report, what, line, site, mine, rounds, seconds, _HARMFUL)


def _compare(
    report: Report,
    what: str,
    bad: list[str],
    site: Site,
    mine: Mapping[str, str],
    rounds: int,
    seconds: int,
    target: float | None,
) -> None:
    alone, during = [], []
    _p99(site, mine, 1)
    for _ in range(rounds):
        alone.append(_p99(site, mine, seconds))
        with _running(bad):
            # It needs a moment to open its connections.
            _p99(site, mine, 1)
            during.append(_p99(site, mine, seconds))
    factor = statistics.median(during) / statistics.median(alone)
    detail: dict[str, float | str] = {
        "alone_ms": round(statistics.median(alone), 2),
        "during_ms": round(statistics.median(during), 2),
    }
    name = f"p99 of a good client during {what} / alone"
    report.add(Finding(name, factor, target=target, least=False, detail=detail))


def _p99(site: Site, headers: Mapping[str, str], seconds: int) -> float:
    seen = load(
        site.url,
        seconds=seconds,
        connections=_CONNECTIONS,
        headers=dict(headers),
        script="steady.lua",
    )
    if seen.refused:
        raise RuntimeError(f"{seen.refused} of the good client's requests were refused")
    return seen.p99_ms


@contextmanager
def _running(line: list[str]) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        line,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()
