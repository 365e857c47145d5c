"""How long the verification of a whole database takes, and what writers notice of it."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import Session, select

from bench.report import Finding, Report
from bench.speed import Stocked
from bench.stock import PEPPER
from keys.credentials.peppers import read_peppers
from keys.integrity.verify import verify
from keys.usage.usage import Use, record_uses
from storage import open_engine, writing
from storage.tables import Secret

_LONGEST_SECONDS = 120
_BETWEEN_WRITES = 0.01


def verification(report: Report, name: str, stocked: Stocked) -> None:
    """Verify everything while another connection writes every 10 ms; and write alone before."""
    engine = open_engine(stocked.url)
    try:
        alone = _write_during(engine, lambda: time.sleep(5))
        verified: list[int] = []
        started = time.perf_counter()
        during = _write_during(engine, lambda: verified.extend(_verify(engine)))
        seconds = time.perf_counter() - started
    finally:
        engine.dispose()
    what = f"`db verify`, {stocked.keys:,} keys on {name}"
    rows = sum(verified)
    detail: dict[str, float | str] = {"rows": rows, "rows_per_second": round(rows / seconds)}
    report.add(Finding(what, seconds, "s", _LONGEST_SECONDS, least=False, detail=detail))
    report.add(
        Finding(
            f"a writer's p99 during `db verify` / alone, {name}",
            _p99(during) / _p99(alone),
            detail={
                "alone_ms": round(_p99(alone) * 1_000, 2),
                "during_ms": round(_p99(during) * 1_000, 2),
                "longest_ms": round(max(during) * 1_000, 2),
                "writes": len(during),
            },
        )
    )


def _verify(engine: Engine) -> Iterator[int]:
    """Yield how many rows each step has verified. Raises RuntimeError for a finding."""
    for step in verify(engine, read_peppers(PEPPER)):
        if step.findings:
            raise RuntimeError(f"a finding in a database that is intact: {step.findings}")
        yield step.rows


def _p99(durations: list[float]) -> float:
    return statistics.quantiles(durations, n=100)[98]


def _write_during(engine: Engine, work: Callable[[], None]) -> list[float]:
    """Return how many seconds each write took that another thread made while the work was done."""
    done = threading.Event()
    durations: list[float] = []
    with Session(engine) as session:
        secret = session.exec(select(Secret.id).limit(1)).one()

    def write() -> None:
        while not done.wait(_BETWEEN_WRITES):
            started = time.perf_counter()
            with writing(engine) as session:
                record_uses(session, {secret: Use(datetime.now(UTC), "127.0.0.1")})
            durations.append(time.perf_counter() - started)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        work()
    finally:
        done.set()
        writer.join()
    return durations
