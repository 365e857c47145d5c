"""Check the database, its replica and the pepper, without changing anything."""

from __future__ import annotations

import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from cli.bootstrap.application import anchors_of, open_engines, open_replica
from cli.doctor.findings import CheckStatus, Finding, Findings, compare_clocks
from cli.doctor.stored_tokens import check_stored_tokens
from keys.base.errors import PepperError
from keys.credentials.peppers import Peppers, check_peppers, load_or_make, read_peppers
from keys.integrity.anchor import AnchorUnreadable
from keys.integrity.findings import SCHEMA
from keys.integrity.verify import verify_small
from settings import Settings, SettingsError
from storage import StorageReadOnly, StorageUnavailable, check_writable, reading
from storage.change_feed import WRITTEN
from storage.replica_lookup import NotItsReplica, ReplicaLookup
from storage.schema import revision


def check_database(settings: Settings) -> Findings:
    """Check the database, its replica, the pepper and the database server's clock."""
    file = settings.home / "apikeys.db"
    if settings.embedded and not file.exists():
        # Opening it would create it.
        yield Finding(CheckStatus.NOTE, "There is no database yet; the first start creates it.")
        return
    try:
        engine, direct = open_engines(settings)
    except SettingsError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct it.")
        return
    try:
        yield from _check_engine(settings, engine)
        yield from _replica(settings, direct)
    except StorageUnavailable as error:
        yield Finding(
            CheckStatus.BAD,
            str(error),
            "Check that the server is running, and that DATABASE_URL is right.",
        )
    finally:
        engine.dispose()
        direct.dispose()


def _check_engine(settings: Settings, engine: Engine) -> Findings:
    at, required_scopes = revision(engine)
    if at == required_scopes:
        yield Finding(CheckStatus.FINE, f"The database ({_kind(engine)}) is at revision {at}.")
    elif at is not None and required_scopes is not None and at > required_scopes:
        yield Finding(
            CheckStatus.BAD,
            f"The database is at revision {at}, which this version of the program does not know.",
            "Start the version that migrated it, or a newer one.",
        )
        return
    else:
        yield Finding(
            CheckStatus.NOTE,
            f"The database is at revision {at}, and this version needs {required_scopes}.",
            "It is migrated at the next start, or by: apikeys db upgrade",
        )
        return
    yield from _writable(engine)
    yield from _pepper(settings, engine)
    yield from check_stored_tokens(engine)
    yield from _database_clock(engine)


def _writable(engine: Engine) -> Findings:
    """Try a write that changes nothing."""
    try:
        check_writable(engine)
    except StorageReadOnly as error:
        yield Finding(
            CheckStatus.BAD,
            str(error),
            "Keys are still verified. After a failover, point DATABASE_URL to the new primary; "
            "otherwise see the server's default_transaction_read_only, or the file's permissions "
            "and disk.",
        )
    else:
        yield Finding(CheckStatus.FINE, "The database accepts writes.")


def _replica(settings: Settings, primary: Engine) -> Findings:
    """Check that gateways can read from the replica, and how far it is behind."""
    try:
        replica = open_replica(settings)
    except SettingsError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct it.")
        return
    if replica is None:
        return
    lookup = ReplicaLookup(replica, primary, lambda: sys.maxsize)
    try:
        with reading(primary) as session:
            written = session.connection().execute(text(f"SELECT {WRITTEN}")).scalar_one()
        behind = max(written - lookup.position(), 0)
        yield Finding(CheckStatus.FINE, f"The replica answers, and is {behind:,} bytes behind.")
    except NotItsReplica as error:
        yield Finding(
            CheckStatus.BAD,
            f"DATABASE_REPLICA_URL: {error}.",
            "Set it to a streaming replica of DATABASE_URL.",
        )
    except StorageUnavailable as error:
        yield Finding(
            CheckStatus.BAD,
            f"DATABASE_REPLICA_URL: {error}",
            "Check that the replica is running. Until it answers, gateways read from the primary.",
        )
    finally:
        lookup.close()
        replica.dispose()


def _kind(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    with reading(engine) as session:
        return f"PostgreSQL {session.connection().execute(text('SHOW server_version')).scalar()}"


def _pepper(settings: Settings, engine: Engine) -> Findings:
    path = settings.home / "pepper"
    try:
        peppers = _peppers(settings, path)
        if peppers is None:
            yield Finding(CheckStatus.NOTE, "There is no pepper yet; the first start creates it.")
            return
        with reading(engine) as session:
            check_peppers(session, peppers, datetime.now(UTC))
            session.rollback()
    except PepperError as error:
        yield Finding(
            CheckStatus.BAD, str(error), "Without the right pepper every key is refused as invalid."
        )
        return
    yield from _integrity(settings, engine, peppers)
    versions = ", ".join(map(str, sorted(peppers.by_version)))
    yield Finding(CheckStatus.FINE, f"The pepper (version {versions}) matches the database.")


def _integrity(settings: Settings, engine: Engine, peppers: Peppers) -> Findings:
    """Check that nothing else has written to the database, if that takes no longer than seconds."""
    try:
        found = verify_small(engine, peppers, anchors_of(settings).read())
    except AnchorUnreadable as error:
        yield Finding(
            CheckStatus.BAD, f"The audit log has no anchor: {error}", "See docs/security.md."
        )
        return
    if found is None:
        yield Finding(
            CheckStatus.NOTE, "The database is large.", "Verify it with: apikeys db verify"
        )
    elif not found:
        yield Finding(CheckStatus.FINE, "Every row of the database is as this program wrote it.")
    for one in (found or ())[:10]:
        yield Finding(
            CheckStatus.BAD,
            f"{one}.",
            "Then restart every gateway. See docs/security.md."
            if one.table == SCHEMA
            else "Keys that are concerned are refused. See docs/security.md.",
        )


def _peppers(settings: Settings, path: Path) -> Peppers | None:
    if given := settings.pepper.get_secret_value():
        return read_peppers(given)
    if not settings.embedded:
        raise PepperError("APIKEYS_PEPPER is missing: with your own database it must be set.")
    return load_or_make(path) if path.exists() else None


def _database_clock(engine: Engine) -> Findings:
    if engine.dialect.name != "postgresql":
        return
    with reading(engine) as session:
        server_time = session.connection().execute(text("SELECT now()")).scalar()
    if isinstance(server_time, datetime):
        yield compare_clocks("the database server's", server_time)
