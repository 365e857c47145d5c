"""What use adds: bytes written to SQLite's log (WAL) in a day, and the size of what is kept.

    python -m bench.growth [KEYS …]

Every key is used all the time, by a clock that the simulation moves itself. The WAL of some minutes
is measured and multiplied: later minutes write the same rows again.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, event
from sqlmodel import Session, select

from bench.report import Finding, Report
from bench.stock import PEPPER, stock
from gateway.base.gateway_log import GatewayLog
from gateway.usage.usage_recorder import UsageCounter, UsageRecorder
from keys.credentials.peppers import read_peppers
from keys.usage.usage import Use, record_uses
from runtime.clock import HeldClock
from storage import open_engine, writing
from storage.tables import Secret

_TICK = timedelta(seconds=5)
_DAY_SECONDS = 86_400
_DAYS = 10


def grow(report: Report, keys: int, folder: Path) -> None:
    """Use every key of a new database for some minutes; report what that wrote."""
    path = folder / f"growth-{keys}.db"
    stock(f"sqlite:///{path}", read_peppers(PEPPER), keys, 1, folder / "tokens")
    engine = open_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _keep_wal(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 0")

    with Session(engine) as session:
        secrets = list(session.exec(select(Secret.id)))
    for every in (5.0, 60.0):
        per_day = _wal_bytes(engine, path, secrets, every, minutes=2 if keys > 10_000 else 10)
        what = f"WAL in a day, {keys:,} keys in use, last use up to {every:g} s behind"
        report.add(Finding(what, per_day / 1e6, "MB"))
    before = path.stat().st_size
    for number in range(_DAYS):
        day = date(2030, 1, 1) + timedelta(number)
        with writing(engine) as session:
            at = datetime(2030, 1, 1, tzinfo=UTC)
            record_uses(session, {secret: Use(at, "", {day: 1}) for secret in secrets})
    _checkpoint(path)
    what = f"the uses of one key on one day, of {keys:,} keys"
    report.add(Finding(what, (path.stat().st_size - before) / keys / _DAYS, "bytes"))
    engine.dispose()


def _wal_bytes(engine: Engine, path: Path, secrets: list[str], every: float, minutes: int) -> float:
    """Return how many bytes one gateway writes to the WAL in a day."""
    clock = HeldClock(datetime.now(UTC))

    def write(uses: Mapping[str, Use]) -> None:
        with writing(engine, durable=False) as session:
            record_uses(session, uses)

    recorder = UsageRecorder(write, GatewayLog(clock), clock, every)
    counters = [UsageCounter(secret) for secret in secrets]
    written = 0.0
    # The first minute has the first uses.
    for minute in range(minutes + 1):
        _checkpoint(path)
        for _ in range(60 // _TICK.seconds):
            for counter in counters:
                recorder.record(counter, clock.timestamp(), (("192.0.2.7", 1), None))
            clock.move(_TICK)
            recorder.flush_due()
        if minute:
            written += path.with_name(f"{path.name}-wal").stat().st_size
    return written / minutes / 60 * _DAY_SECONDS


def _checkpoint(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("keys", type=int, nargs="*", default=[1_000, 100_000])
    report = Report()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for keys in parser.parse_args().keys:
            grow(report, keys, Path(folder))


if __name__ == "__main__":
    main()
