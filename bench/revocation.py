"""How long a revoked key lives on: four gateway processes under load, many revocations.

For each one the clock runs from the commit to the last request that any gateway still accepted, by
the moment at which that request was sent. The person who revoked is told as soon as all gateways
have confirmed; requests that were sent after that and accepted are counted, and there must be none.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.report import Finding, Report
from bench.sites import Site
from bench.stock import PEPPER
from bench.wrk import command
from keys.base import accounts
from keys.base.actors import Actor
from keys.base.ids import new_id
from keys.base.models import KeyRequest
from keys.changes import propagation
from keys.changes.change import change
from keys.changes.services import Services
from keys.credentials.peppers import read_peppers
from keys.lifecycle.create import activate_key, create_pending_key
from keys.lifecycle.revoke import revoke_key
from keys.operations import SUBSCRIBERS
from runtime.clock import SystemClock
from storage import open_engine, seals, upgrade, writing

GATEWAYS = 4
_LOAD_CONNECTIONS = 8
_SOURCES = ("database", "replica")
_ME = Actor.operator("bench")


class Desk:
    """Makes and revokes keys, and waits for the gateways as the bot does."""

    def __init__(self, url: str) -> None:
        self.clock = SystemClock()
        self.engine = open_engine(url)
        upgrade(self.engine)
        peppers = read_peppers(PEPPER)
        seals.bind(self.engine, peppers)
        with writing(self.engine) as session:
            self.account = accounts.the_only(session, self.clock.now())
        self.services = Services(
            engine=self.engine,
            account_id=self.account,
            clock=self.clock,
            peppers=peppers,
            prefix="ak",
            subscribers=SUBSCRIBERS,
        )

    def issue(self, expires_at: datetime | None = None) -> tuple[str, str]:
        """A new key's id and token."""
        name = f"Bench {new_id('n')}"
        request = KeyRequest(name, ("read",), None, new_id("req"), expires_at=expires_at)
        with change(self.services, _ME) as pending:
            made = create_pending_key(pending, request, _ME, timedelta(minutes=1))
        with change(self.services, _ME) as activated:
            activate_key(activated, made.delivery_id, None)
        return made.key.id, made.token.reveal()

    def revoke(self, key_id: str) -> tuple[float, float, propagation.Propagation]:
        """Return when it was committed, when the person was told, and what."""
        with change(self.services, _ME) as revoked:
            revoke_key(revoked, key_id)
        committed, fence = time.monotonic(), revoked.effects.fence
        if fence is None:
            raise RuntimeError("the key was revoked before")
        confirmed = propagation.watch(
            self.engine, self.clock, fence, for_seconds=10.0, since=committed
        )
        return committed, time.monotonic(), confirmed


class Prober:
    """The process that presents the token."""

    def __init__(self, sites: list[Site]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            [sys.executable, "-m", "bench.prober", *(str(site.port) for site in sites)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )

    def begin(self, token: str) -> None:
        """Return when every gateway has let the token in several times."""
        self._say(f"try {token}")

    def stop(self) -> dict[str, Any]:
        """Return what was seen."""
        return self._say("stop")

    def _say(self, line: str) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the prober has no pipes")
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answered: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answered

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def revocation(
    report: Report, name: str, url: str, count: int, replica: str | None = None, behind: float = 0.0
) -> None:
    """Measure `count` revocations, one after the other.

    Args:
        replica: the address of a replica from which the gateways read.
        behind: by how many seconds it is behind.
    """
    settings = {"DATABASE_REPLICA_URL": replica} if replica else {}
    desk = Desk(url)
    latencies: list[float] = []
    answered_after: list[float] = []
    late = 0
    with ExitStack() as stack:
        sites = [
            stack.enter_context(Site("gateway", url, settings=settings)) for _ in range(GATEWAYS)
        ]
        prober = Prober(sites)
        stack.callback(prober.close)
        _, load_token = desk.issue()
        stack.enter_context(_steady_load(sites, load_token, seconds=count))
        made = [desk.issue() for _ in range(count)]
        # So a replica has heard of the keys, and not yet of what happens to them.
        time.sleep(behind * 1.5)
        for key_id, token in made:
            prober.begin(token)
            committed, answered, confirmed = desk.revoke(key_id)
            if not confirmed.everywhere or confirmed.running != GATEWAYS:
                raise RuntimeError(f"not everybody confirmed: {confirmed}")
            time.sleep(0.02)
            seen = prober.stop()
            latencies.append(max(*seen["last_accepted"], committed) - committed)
            answered_after.append(answered - committed)
            late += sum(sent > answered for sents in seen["recently_accepted"] for sent in sents)
        reads = {source: sum(_lookups(site, source) for site in sites) for source in _SOURCES}
    desk.engine.dispose()
    _tell(report, name, latencies, answered_after, late, reads if replica else {})


def _lookups(site: Site, source: str) -> float:
    return site.metric(f'apikeys_gateway_lookups_total{{source="{source}"}}')


def _tell(
    report: Report,
    name: str,
    latencies: list[float],
    answered_after: list[float],
    late: int,
    reads: dict[str, float],
) -> None:
    milliseconds = sorted(1000 * each for each in latencies)
    answered = sorted(1000 * each for each in answered_after)
    detail: dict[str, float | str] = {
        "p50": statistics.median(milliseconds),
        "max": milliseconds[-1],
        "told_p50": statistics.median(answered),
        "told_p99": _percentile(answered, 0.99),
        "revocations": len(latencies),
        **{f"read_from_{source}": count for source, count in reads.items()},
    }
    what = f"revocation, commit to the last acceptance of {GATEWAYS} gateways, {name}"
    p99 = _percentile(milliseconds, 0.99)
    report.add(Finding(f"{what}, p99", p99, "ms", 50.0, least=False, detail=detail))
    report.add(
        Finding(f"accepted after the person was told, {name}", late, "requests", 0.0, least=False)
    )


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@contextmanager
def _steady_load(sites: list[Site], token: str, seconds: int) -> Iterator[None]:
    """Each connection asks again 4 ms after its answer: some 1,500 requests a second each."""
    loads = [
        subprocess.Popen(  # noqa: S603 - our own arguments
            command(
                site.url,
                seconds + 60,
                _LOAD_CONNECTIONS,
                {"X-API-Key": token, "X-Original-Method": "GET"},
                "steady.lua",
            ),
            stdout=subprocess.DEVNULL,
        )
        for site in sites
    ]
    try:
        yield
    finally:
        for each in loads:
            each.terminate()
            each.wait()
