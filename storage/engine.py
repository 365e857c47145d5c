"""Opening the database, and the two kinds of transaction: reading and writing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, overload
from urllib.parse import quote

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlmodel import Session, create_engine

from runtime.errors import StorageUnavailable
from storage import statement_metrics

# A slash command must be answered within 3 s, so a wait for the database has to end before.
BUSY_TIMEOUT_SECONDS = 2.0
# Enough for what one bot does at once; each takes memory of the server.
CONNECTIONS = 15


def open_engine(
    url: str, *, connections: int = CONNECTIONS, through_pooler: bool = False
) -> Engine:
    """Open the database that the URL names; connects only when first used.

    A SQLite file, and the folder it stands in, are made if missing, readable by their owner alone.

    Args:
        url: an SQLAlchemy URL, such as `sqlite:///data/apikeys.db` or `postgresql://…`.
        connections: to PostgreSQL, at most; who finds none free waits for a moment. SQLite's are
            files opened, and are not counted.
        through_pooler: whether a pooler in transaction mode, such as PgBouncer, stands between.
            Nothing is then prepared on a connection, since the next transaction has another one.

    Raises:
        ValueError: if the URL cannot be read or its database is not supported.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError("it is not a database URL") from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        options: dict[str, Any] = {"connect_timeout": 2}
        if through_pooler:
            options["prepare_threshold"] = None
        engine = create_engine(
            parsed,
            # A third of them stays open; the others close when they are given back.
            pool_size=max(connections // 3, 1),
            max_overflow=connections - max(connections // 3, 1),
            pool_timeout=BUSY_TIMEOUT_SECONDS,
            pool_pre_ping=True,
            connect_args=options,
            hide_parameters=True,
        )
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
    """A SQLite file's address for `sqlite3.connect(…, uri=True)`, for reading alone.

    Source: https://www.sqlite.org/uri.html, which has `?`, `#` and `%` mean something else.
    """
    return f"file:{quote(path)}?mode=ro"


def _make_private_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin them as reading ones, and
    # those fail at once when they turn into writing ones while another writer is at work.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A revocation that was reported must survive a power cut, so every commit waits for the disk.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_sqlite_begin(connection: Any) -> None:
    options = connection.get_execution_options()
    if options.get("writes", False):
        # A setting of the connection, which goes back to the pool: so it is set at each beginning.
        level = "FULL" if options.get("durable", True) else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")


class AccountSession(Session):
    """A session of one account: what is read and written through it is that account's.

    It knows the account, so no function that works with rows takes the account beside it, and none
    can be handed one account's session and another's id.

    Args:
        account_id: the account.
    """

    def __init__(self, engine: Engine, account_id: str) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.account_id = account_id


@overload
def reading(engine: Engine) -> AbstractContextManager[Session]: ...


@overload
def reading(engine: Engine, account_id: str) -> AbstractContextManager[AccountSession]: ...


def reading(engine: Engine, account_id: str | None = None) -> AbstractContextManager[Session]:
    """A transaction that sees one state of the database and changes nothing.

    Args:
        account_id: the account whose rows are read; without one, what belongs to no account.

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
    """A transaction that is committed when the block ends, and undone if it raises.

    On SQLite it waits for other writers before it begins, so what it reads cannot have changed
    when it writes; on PostgreSQL the domain locks the account's row to the same effect.

    Args:
        account_id: the account whose rows are written; without one, what belongs to no account.
        durable: whether the disk is waited for. What is written otherwise can be lost in a power
            cut, and is as whole as anything else in any case.

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
    with _translated(), unopened as session, session.begin():
        if not durable and session.get_bind().dialect.name == "postgresql":
            session.connection().exec_driver_sql("SET LOCAL synchronous_commit = off")
        yield session


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise StorageUnavailable("The database did not answer.") from error
    except NoConnectionFree as error:
        raise StorageUnavailable("Every connection to the database was busy.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageUnavailable("The database went away.") from error
        raise
