"""Opening the application: from settings to a current database and services that can work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from keys.base.errors import PepperError
from keys.base.policy import Policy
from keys.changes.services import Services
from keys.credentials.peppers import Peppers, check_peppers, load_or_make, read_peppers
from keys.credentials.tokens import check_prefix
from keys.operations import SUBSCRIBERS
from runtime.clock import Clock, SharedClock, SystemClock
from settings import Settings, SettingsError
from storage import open_engine, reading, upgrade, writing


@dataclass(frozen=True, slots=True)
class Application:
    """What every part that works with keys stands on.

    Attributes:
        direct: the database without a pooler in between, for gateways, which listen to it; the
            same as `engine` where there is no pooler.
        replica: a streaming replica, from which gateways read; None if there is none.
    """

    engine: Engine
    direct: Engine
    peppers: Peppers
    prefix: str
    clock: Clock
    replica: Engine | None = None

    def services(
        self,
        account_id: str,
        policy: Policy | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> Services:
        """What the operations on one account's keys stand on.

        Args:
            policy: what the team has decided about its keys.
            wake: called after a change of which others have to hear.
        """
        return Services(
            engine=self.engine,
            account_id=account_id,
            clock=self.clock,
            peppers=self.peppers,
            prefix=self.prefix,
            subscribers=SUBSCRIBERS,
            policy=policy or Policy(),
            wake=wake,
        )

    def check_connection(self) -> None:
        """Check that the database answers. Raises StorageUnavailable."""
        with reading(self.engine) as session:
            session.connection().execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the database."""
        _stop(self.clock)
        self.engine.dispose()
        self.direct.dispose()
        if self.replica is not None:
            self.replica.dispose()


def open_application(settings: Settings, clock: Clock | None = None) -> Application:
    """Open the database, bring it up to date, and make sure that the pepper fits it.

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
        peppers = _peppers(settings)
        upgrade(engine)
        if clock is None:
            clock = _clock(engine)
            opened.callback(_stop, clock)
        with writing(engine) as session:
            check_peppers(session, peppers, clock.now())
        # All is well, so what was opened stays open.
        opened.pop_all()
    return Application(engine, direct, peppers, prefix, clock, replica)


def _clock(engine: Engine) -> Clock:
    """SQLite is for one machine, and that machine's clock will do."""
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
    """The database, and the same without a pooler in between. Raises SettingsError."""
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
        raise SettingsError("DATABASE_DIRECT_URL: it is for PostgreSQL behind a pooler alone.")
    return engine, direct


def open_replica(settings: Settings) -> Engine | None:
    """The replica that gateways read from, if there is one. Raises SettingsError."""
    url = settings.replica_url.get_secret_value()
    if not url:
        return None
    try:
        replica = open_engine(url)
    except ValueError as error:
        raise SettingsError(f"DATABASE_REPLICA_URL: {error}.") from error
    if replica.dialect.name != "postgresql" or settings.embedded:
        raise SettingsError("DATABASE_REPLICA_URL: it is for a replica of PostgreSQL alone.")
    return replica


def _peppers(settings: Settings) -> Peppers:
    if given := settings.pepper.get_secret_value():
        return read_peppers(given)
    if not settings.embedded:
        raise PepperError(
            "APIKEYS_PEPPER is missing: a database of your own needs it, because every program "
            "that uses the database must have the same. Make one with: openssl rand -base64 32"
        )
    return load_or_make(settings.home / "pepper")
