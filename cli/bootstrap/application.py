"""Open the application: from the settings to an up-to-date database and its services."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from keys.base.errors import PepperError
from keys.base.policy import Policy
from keys.changes.services import Services
from keys.credentials.peppers import Peppers, check_peppers, load_or_make, read_peppers
from keys.credentials.seal_database import seal_database
from keys.credentials.tokens import check_prefix
from keys.integrity.anchor import AnchorFile, AnchorUnreadable
from keys.operations import SUBSCRIBERS
from runtime.clock import Clock, SharedClock, SystemClock
from settings import Settings, SettingsError
from storage import check_writable, open_engine, reading, seals, upgrade, writing
from storage.schema import SealRows

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Application:
    """What everything that works with keys needs.

    Attributes:
        anchors: the audit logs' newest entries, kept outside the database.
        direct: the database without a pooler, for gateways, which listen to it; the same as
            `engine` if there is no pooler.
        replica: a streaming replica that gateways read from; None if there is none.
    """

    engine: Engine
    direct: Engine
    peppers: Peppers
    prefix: str
    clock: Clock
    anchors: AnchorFile
    replica: Engine | None = None

    def services(
        self,
        account_id: str,
        policy: Policy | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> Services:
        """Return the services of one account.

        Args:
            policy: the team's policy; the default if None.
            wake: called after a change, to start the background work.
        """
        return Services(
            engine=self.engine,
            account_id=account_id,
            clock=self.clock,
            peppers=self.peppers,
            prefix=self.prefix,
            subscribers=SUBSCRIBERS,
            policy=policy or Policy(),
            anchors=self.anchors,
            wake=wake,
        )

    def check_connection(self) -> None:
        """Check that the database answers. Raises StorageUnavailable."""
        with reading(self.engine) as session:
            session.connection().execute(text("SELECT 1"))

    def check_writable(self) -> None:
        """Check that the database accepts writes. Raises StorageUnavailable."""
        check_writable(self.engine)

    def close(self) -> None:
        """Close the database."""
        _stop(self.clock)
        self.engine.dispose()
        self.direct.dispose()
        if self.replica is not None:
            self.replica.dispose()


def open_application(settings: Settings, clock: Clock | None = None) -> Application:
    """Open the database, migrate it, and check that the pepper matches it.

    Raises:
        SettingsError, PepperError, StorageUnavailable, SchemaAhead: each with a sentence that
            says what to do.
    """
    try:
        prefix = check_prefix(settings.token_prefix)
    except ValueError as error:
        raise SettingsError(f"APIKEYS_TOKEN_PREFIX: {error}.") from error
    with ExitStack() as opened:
        engine, direct = open_engines(settings)
        opened.callback(engine.dispose)
        opened.callback(direct.dispose)
        if (replica := open_replica(settings)) is not None:
            opened.callback(replica.dispose)
        peppers = peppers_of(settings)
        anchors = anchors_of(settings)
        upgrade(engine, seal_rows_with(peppers, anchors, _say_sealed))
        seals.bind(engine, peppers)
        seals.bind(direct, peppers)
        if clock is None:
            clock = _clock(engine)
            opened.callback(_stop, clock)
        with writing(engine) as session:
            check_peppers(session, peppers, clock.now())
        # Nothing failed, so everything stays open.
        opened.pop_all()
    return Application(engine, direct, peppers, prefix, clock, anchors, replica)


def anchors_of(settings: Settings) -> AnchorFile:
    """Return the file with the anchors of an installation."""
    return AnchorFile(settings.home / "anchor.json")


def seal_rows_with(
    peppers: Peppers, anchors: AnchorFile, sealed: Callable[[int], None]
) -> SealRows:
    """Return what seals the rows of a database of a version without seals; see seal_database."""

    def known() -> set[str]:
        try:
            return set(anchors.read())
        except AnchorUnreadable:
            # The doctor says so, and `apikeys db accept-restore` has to be able to start.
            return set()

    return seal_database(peppers, sealed, known)


def _say_sealed(rows: int) -> None:
    _log.warning("The database was upgraded, and %s rows were sealed.", f"{rows:,}")


def _clock(engine: Engine) -> Clock:
    """Return the database server's clock, or with SQLite that of this machine."""
    if engine.dialect.name != "postgresql":
        return SystemClock()

    def ask() -> datetime:
        with reading(engine) as session:
            found: datetime = (
                session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
            )
            return found

    clock = SharedClock(ask)
    clock.start()
    return clock


def _stop(clock: Clock | None) -> None:
    if isinstance(clock, SharedClock):
        clock.stop()


def open_engines(settings: Settings) -> tuple[Engine, Engine]:
    """Open the database, and the same without a pooler. Raises SettingsError."""
    pooled = bool(settings.direct_url.get_secret_value())
    try:
        engine = open_engine(
            settings.database(), connections=settings.connections, through_pooler=pooled
        )
    except ValueError as error:
        raise SettingsError(f"DATABASE_URL: {error}.") from error
    if not pooled:
        return engine, engine
    try:
        direct = open_engine(settings.direct_url.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"DATABASE_DIRECT_URL: {error}.") from error
    if direct.dialect.name != engine.dialect.name or engine.dialect.name != "postgresql":
        raise SettingsError("DATABASE_DIRECT_URL is only for PostgreSQL behind a pooler.")
    return engine, direct


def open_replica(settings: Settings) -> Engine | None:
    """Open the replica that gateways read from, if there is one. Raises SettingsError."""
    url = settings.replica_url.get_secret_value()
    if not url:
        return None
    try:
        replica = open_engine(url)
    except ValueError as error:
        raise SettingsError(f"DATABASE_REPLICA_URL: {error}.") from error
    if replica.dialect.name != "postgresql" or settings.embedded:
        raise SettingsError("DATABASE_REPLICA_URL is only for a replica of PostgreSQL.")
    return replica


def peppers_of(settings: Settings) -> Peppers:
    """Return the peppers of an installation; the embedded database's is made if missing.

    Raises:
        PepperError: if it is missing or cannot be read.
    """
    if given := settings.pepper.get_secret_value():
        return read_peppers(given)
    if not settings.embedded:
        raise PepperError(
            "APIKEYS_PEPPER is missing: with your own database it must be set, because every "
            "program that uses it needs the same pepper. Generate one with: openssl rand -base64 32"
        )
    return load_or_make(settings.home / "pepper")
