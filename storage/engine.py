"""Opening the database, and its two kinds of transactions: reading and writing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, overload
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import QueuePool
from sqlmodel import Session, create_engine

from runtime.errors import StorageReadOnly, StorageUnavailable
from storage import statement_metrics
from storage.driver_errors import BUSY, LOST, explain
from storage.write_queue import URGENT_SECONDS, WriteQueue, is_urgent

# A slash command must be answered within 3 s, so waiting for the database has to end before that.
BUSY_TIMEOUT_SECONDS = URGENT_SECONDS
# A server that is gone without a word (a cut cable, a machine without power) is noticed within
# seconds; the system's own limits are a quarter of an hour and two hours.
# Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-KEEPALIVES
CONNECTING: Mapping[str, Any] = MappingProxyType(
    {
        "connect_timeout": 2,
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": 5000,
    }
)
# Enough for one bot's concurrent work; each connection takes memory on the server.
CONNECTIONS = 15


def open_engine(
    url: str, *, connections: int = CONNECTIONS, through_pooler: bool = False
) -> Engine:
    """Open a database; connects when first used.

    A missing SQLite file and its folder are created, readable only by their owner.

    Args:
        url: an SQLAlchemy URL, such as `sqlite:///data/apikeys.db` or `postgresql://…`.
        connections: the maximum number of connections to PostgreSQL; if all are in use, callers
            wait briefly. Connections to SQLite are open files, and are not limited.
        through_pooler: whether the connections go through a pooler in transaction mode, such as
            PgBouncer. Then no statements are prepared: each transaction may use another connection.

    Raises:
        ValueError: if the URL is invalid or its database is not supported.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError("this is not a database URL") from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        options: dict[str, Any] = dict(CONNECTING)
        if through_pooler:
            options["prepare_threshold"] = None
        engine = create_engine(
            parsed,
            # A third of them stay open; the others are closed when they are returned.
            pool_size=max(connections // 3, 1),
            max_overflow=connections - max(connections // 3, 1),
            pool_timeout=BUSY_TIMEOUT_SECONDS,
            pool_pre_ping=True,
            connect_args=options,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _on_postgresql_connect)
        statement_metrics.watch(engine)
        return engine
    if backend != "sqlite":
        raise ValueError(f"{backend} is not supported; use sqlite or postgresql")
    return _open_sqlite(parsed.set(drivername="sqlite+pysqlite").render_as_string(False))


def _open_sqlite(url: str) -> Engine:
    path = make_url(url).database
    if not path or path == ":memory:":
        raise ValueError("a SQLite database needs a file: several threads and programs share it")
    _make_private_file(Path(path))
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    statement_metrics.watch(engine)
    return engine


def read_only_uri(path: str) -> str:
    """Return a SQLite file's read-only URI for `sqlite3.connect(…, uri=True)`.

    Source: https://www.sqlite.org/uri.html, where `?`, `#` and `%` have a special meaning.
    """
    return f"file:{quote(path)}?mode=ro"


def _make_private_file(path: Path) -> None:
    """Create a file if it is missing. Raises StorageUnavailable."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        # What may only be read is opened all the same: keys can still be verified.
        if not os.access(path, os.R_OK):
            raise StorageUnavailable(
                f"The database's file cannot be opened ({error.strerror}): check APIKEYS_HOME.",
                permanent=True,
            ) from error


def _on_postgresql_connect(connection: Any, _record: Any) -> None:
    # SQLite needs no driver of PostgreSQL, which takes a while to import.
    from storage.postgresql_times import read_any_time

    read_any_time(connection)


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions: it would begin them as read transactions, which fail
    # at once if they are upgraded to write transactions while another writer is active.
    connection.isolation_level = None
    # A row with a text that is no UTF-8 must not keep a program from reading the others.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A reported revocation must survive a power failure, so every commit waits for the disk.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


@contextmanager
def exact_texts(connection: Connection) -> Iterator[None]:
    """Read texts of SQLite that are no UTF-8 with lone surrogates, from which they can be restored.

    Outside of the block each such byte is read as U+FFFD, which is safe to show and to store.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    before = driver.text_factory
    driver.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before


def _on_sqlite_begin(connection: Any) -> None:
    options = connection.get_execution_options()
    if options.get("writes", False):
        # Set for each transaction, because the connection goes back to the pool with it.
        level = "FULL" if options.get("durable", True) else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")


class AccountSession(Session):
    """A session for the rows of one account.

    Functions take the account from it, so they cannot be called with the session of one account and
    the id of another.

    Args:
        account_id: the id of the account.
    """

    def __init__(self, engine: Engine, account_id: str) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.account_id = account_id


@overload
def reading(engine: Engine) -> AbstractContextManager[Session]: ...


@overload
def reading(engine: Engine, account_id: str) -> AbstractContextManager[AccountSession]: ...


def reading(engine: Engine, account_id: str | None = None) -> AbstractContextManager[Session]:
    """Open a read-only transaction, which sees one snapshot of the database.

    Args:
        account_id: the account whose rows are read; None for rows without an account.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    return _reading(_session(engine, account_id))


@overload
def writing(engine: Engine, *, durable: bool = True) -> AbstractContextManager[Session]: ...


@overload
def writing(
    engine: Engine, account_id: str, *, durable: bool = True
) -> AbstractContextManager[AccountSession]: ...


def writing(
    engine: Engine, account_id: str | None = None, *, durable: bool = True
) -> AbstractContextManager[Session]:
    """Open a transaction that is committed when the block ends, and rolled back if it raises.

    On SQLite it waits for other writers before it begins, so what it reads cannot change before it
    writes; on PostgreSQL the domain locks the account's row to the same effect.

    Args:
        account_id: the account whose rows are written; None for rows without an account.
        durable: whether the commit waits for the disk. If not, it may be lost in a power failure,
            but only as a whole.

    Raises:
        StorageUnavailable: if the database cannot be reached, or stayed busy.
    """
    bound = engine.execution_options(writes=True, durable=durable)
    return _writing(_session(bound, account_id), durable)


def _session(engine: Engine, account_id: str | None) -> Session:
    if account_id is None:
        return Session(engine, expire_on_commit=False)
    return AccountSession(engine, account_id)


@contextmanager
def _reading(unopened: Session) -> Iterator[Session]:
    with _translated(), unopened as session:
        yield session


@contextmanager
def _writing(unopened: Session, durable: bool) -> Iterator[Session]:
    engine = unopened.get_bind().engine
    with _translated(engine), _queued(engine), unopened as session, session.begin():
        if not durable and engine.dialect.name == "postgresql":
            session.connection().exec_driver_sql("SET LOCAL synchronous_commit = off")
        yield session
    if engine.url in _unwritable_since:
        _forget_if_writable(engine)


# One for each database that this process writes to.
_queues: dict[URL, WriteQueue] = {}


@contextmanager
def _queued(engine: Engine) -> Iterator[None]:
    """Wait until this thread may write; see storage.write_queue.

    Raises:
        StorageUnavailable: if others were writing all the time.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    if not is_sqlite and is_urgent():
        yield
        return
    # Those that are not urgent take the connections that stay open, a third of all.
    capacity = 1 if is_sqlite else cast(QueuePool, engine.pool).size()
    queue = _queues.setdefault(engine.url, WriteQueue(capacity))
    if not queue.enter():
        raise StorageUnavailable(BUSY)
    try:
        yield
    finally:
        queue.leave()


# Both databases refuse it where nothing may be written, whether or not a row matches.
_NO_WRITE = text("UPDATE gateways SET seen_at = seen_at WHERE id = ''")
# A program that has run for less does not know since when.
_NEW_SECONDS = 10.0
_STARTED = time.monotonic()
# Since when the databases that this program has found unwritable are so.
_unwritable_since: dict[URL, datetime] = {}


def unwritable_since(engine: Engine) -> datetime | None:
    """Return when a write was first refused after the last one that succeeded; None if none was."""
    return _unwritable_since.get(engine.url)


def check_writable(engine: Engine) -> None:
    """Try a write that changes nothing.

    Raises:
        StorageReadOnly: if the database accepts no writes.
        StorageUnavailable: if it cannot be reached, or stayed busy.
    """
    with writing(engine, durable=False) as session:
        session.connection().execute(_NO_WRITE)


def _forget_if_writable(engine: Engine) -> None:
    """Forget that no write was accepted, if one is: many a transaction writes nothing."""
    try:
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(_NO_WRITE)
    except DBAPIError:
        return
    _unwritable_since.pop(engine.url, None)


@contextmanager
def _translated(engine: Engine | None = None) -> Iterator[None]:
    """Raise StorageUnavailable for every error of the driver that is no mistake of this program.

    Args:
        engine: remembers since when this one accepts no writes.
    """
    try:
        yield
    except NoConnectionFree as error:
        raise StorageUnavailable("Every connection to the database was busy.") from error
    except DBAPIError as error:
        known = explain(error)
        if known is None and error.connection_invalidated:
            known = StorageUnavailable(LOST)
        if known is None:
            raise
        if isinstance(known, StorageReadOnly) and engine is not None:
            since = _unwritable_since.setdefault(engine.url, datetime.now(UTC))
            has_just_started = time.monotonic() - _STARTED < _NEW_SECONDS
            known = StorageReadOnly(known.reason, None if has_just_started else since)
        raise known from error
