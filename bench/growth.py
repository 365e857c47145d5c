"""What use adds: bytes written to the WAL of SQLite and to the log in a day, and what is kept.

    python -m bench.growth [KEYS …]

Every key is used all the time, by a clock that the simulation moves itself. Some minutes are
measured and multiplied: later minutes write the same again.
"""

from __future__ import annotations

import argparse
import logging
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, event
from sqlmodel import Session, select

from bench.report import Finding, Report
from bench.stock import PEPPER, stock
from gateway.base.gateway_log import GatewayLog
from gateway.base.gateway_log import logger as gateway_logger
from gateway.usage.usage_recorder import UsageCounter, UsageRecorder
from keys.credentials.peppers import read_peppers
from keys.usage.usage import Use, record_uses
from runtime.clock import HeldClock
from storage import open_engine, writing
from storage.tables import Secret

_TICK = timedelta(seconds=5)
_DAY_SECONDS = 86_400
_DAYS = 10
_LOG_MINUTES = 10


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
    _report_log(report, keys)


class _Counted(logging.Handler):
    """Counts the bytes of what would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.bytes += len(self.format(record).encode()) + 1


def _report_log(report: Report, keys: int) -> None:
    """Report what one gateway logs in a day while some of its requests are refused."""
    ended = [f"key_{number:022}" for number in range(keys // 100)]
    some = f"of {keys:,} keys, {len(ended):,} revoked ones"
    once: list[_Refusals] = [(each, "revoked", 1) for each in ended]
    looping: list[_Refusals] = [(each, "revoked", 60) for each in ended]
    report.add(Finding(f"log in a day, {some} tried once a minute", _log_bytes(once) / 1e6, "MB"))
    report.add(Finding(f"log in a day, {some} tried each second", _log_bytes(looping) / 1e6, "MB"))


def report_floods(report: Report) -> None:
    """Report what one gateway logs in a day of floods; the number of keys makes no difference."""
    nowhere = ("unknown", "checksum", "malformed", "prefix", "missing", "two_different", "not_text")
    one: list[_Refusals] = [(None, "unknown", 6_000)]
    every: list[_Refusals] = [(None, reason, 6_000) for reason in nowhere]
    known: list[_Refusals] = [(f"key_{number:022}", "digest", 60) for number in range(4_000)]
    floods = {
        "unknown tokens from one network": _log_bytes(one),
        f"refusals of {len(every)} reasons from 300 networks": _log_bytes(every, networks=300),
        "guesses at 4,000 keys, each from networks of its own": _log_bytes(known, networks=5),
    }
    for what, day in floods.items():
        report.add(Finding(f"log in a day of a flood: {what}", day / 1e6, "MB"))


_Refusals = tuple[str | None, str, int]
"""A key's id, a reason, and the number of refusals a minute."""


def _log_bytes(refusals: Sequence[_Refusals], networks: int = 1) -> float:
    """Return how many bytes one gateway logs in a day of such minutes."""
    clock, counted = HeldClock(datetime.now(UTC)), _Counted()
    log = GatewayLog(clock)
    former = gateway_logger.handlers, gateway_logger.level, gateway_logger.propagate
    gateway_logger.handlers, gateway_logger.propagate = [counted], False
    gateway_logger.setLevel(logging.INFO)
    try:
        count = 0
        for second in range((_LOG_MINUTES + 1) * 60):
            if second == 60:  # the first minute has the first of each kind
                counted.bytes = 0
            for offset, (key_id, reason, per_minute) in enumerate(refusals):
                often = per_minute // 60 + ((second + offset) % 60 < per_minute % 60)
                for _ in range(often):
                    count += 1
                    address = f"203.{count % networks // 256}.{count % networks % 256}"
                    log.refused(
                        reason,
                        endpoint="/authz",
                        source=f"{address}.7",
                        network=f"{address}.0/24",
                        key_id=key_id,
                    )
            clock.move(timedelta(seconds=1))
            log.sum_up()
    finally:
        gateway_logger.handlers, gateway_logger.level, gateway_logger.propagate = former
    return counted.bytes / _LOG_MINUTES / 60 * _DAY_SECONDS


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
    report_floods(report)


if __name__ == "__main__":
    main()
