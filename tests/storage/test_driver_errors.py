"""Each error of a driver has its sentence, which says what is wrong and never the password."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from storage import (
    StorageReadOnly,
    StorageUnavailable,
    check_writable,
    open_engine,
    reading,
    unwritable_since,
    writing,
)
from storage.driver_errors import explain
from storage.secret_lookup import Lookup
from tests.databases import open_migrated
from tests.postgresql import Postgresql

PASSWORD = "hunter2-is-secret"
STATES = [
    ("25006", "read-only"),
    ("53100", "disk is full"),
    ("28P01", "user or the password"),
    ("28000", "user or the password"),
    ("3D000", "no database of the name"),
    ("42501", "lacks the right"),
    ("42P01", "apikeys db upgrade"),
    ("53300", "no connection to spare"),
    ("53200", "out of memory"),
    ("57014", "took too long"),
    ("57P01", "ended by its server"),
    ("57P03", "starting, stopping"),
    ("55P03", "lock"),
    ("40P01", "lock"),
    ("08006", "lost"),
    ("58030", "disk"),
    ("XX001", "damaged"),
]


def _refusal(state: str) -> psycopg.Error:
    error = psycopg.errors.lookup(state)(f"with {PASSWORD}")
    assert error.sqlstate == state
    return error


@pytest.mark.parametrize(("state", "words"), STATES)
def test_each_state_of_postgresql(state: str, words: str) -> None:
    found = explain(_refusal(state))
    assert found is not None
    assert words in str(found)
    assert PASSWORD not in str(found)


@pytest.mark.parametrize("state", ["23505", "22P02", "42601", "P0001"])
def test_a_mistake_of_this_program_is_none(state: str) -> None:
    assert explain(_refusal(state)) is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("read-only", "SQLITE_READONLY"),
        ("disk is full", "SQLITE_FULL"),
        ("holds a lock", "SQLITE_BUSY"),
        ("damaged", "SQLITE_CORRUPT"),
        ("not a database", "SQLITE_NOTADB"),
        ("cannot be opened", "SQLITE_CANTOPEN"),
        ("reports an error", "SQLITE_IOERR"),
    ],
)
def test_each_code_of_sqlite(words: str, name: str) -> None:
    error = sqlite3.OperationalError("x")
    # An extended code has more in its higher bits.
    error.sqlite_errorcode = getattr(sqlite3, name) | 5 << 8
    assert words in str(explain(error))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server with TCP and passwords."""
    with Postgresql({"listen_addresses": "127.0.0.17"}) as made:
        with psycopg.connect(made.url(), autocommit=True) as connection:
            connection.execute("CREATE ROLE pw LOGIN PASSWORD 'right'")
            connection.execute("CREATE ROLE quiet NOLOGIN")
            (made.folder / "data/pg_hba.conf").write_text(
                "local all all trust\nhost all pw all scram-sha-256\nhost all all all trust\n"
            )
            connection.execute("SELECT pg_reload_conf()")
        yield "127.0.0.17:5432"


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("url", "words", "permanent"),
    [
        ("pw:{password}@{server}/postgres", "refuses the user or the password", True),
        ("pw@{server}/postgres", "refuses the user or the password", True),
        ("nobody@{server}/postgres", "refuses the user or the password", True),
        ("quiet@{server}/postgres", "refuses the user or the password", True),
        ("postgres@{server}/nowhere", "no database of the name", True),
        ("postgres:{password}@{server}/postgres?sslmode=require", "No encrypted connection", True),
        ("postgres@{server}/postgres?sslmode=bogus", "invalid option", True),
        ("postgres:{password}@127.0.0.17:5/postgres", "No database server listens", False),
        ("postgres:{password}@/postgres?host=/nowhere", "No database server listens", False),
        ("postgres:{password}@nowhere.invalid/postgres", "cannot be resolved", False),
    ],
)
def test_a_connection_that_fails(server: str, url: str, words: str, permanent: bool) -> None:
    full = "postgresql://" + url.format(server=server, password=PASSWORD)
    engine = open_engine(full)
    try:
        with pytest.raises(StorageUnavailable, match=words) as raised, reading(engine) as session:
            session.connection()
        assert PASSWORD not in str(raised.value)
        assert raised.value.permanent is permanent
        with pytest.raises(StorageUnavailable, match=words):
            Lookup(engine).read(["abc"])
    finally:
        engine.dispose()


def _make_read_only(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(
            f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode()
        )


def _write(engine: Any) -> None:
    with writing(engine) as session:
        session.connection().execute(text("DELETE FROM confirmations"))


def test_a_database_that_is_read_only_is_read_and_says_since_when(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine._STARTED", -inf)
    engine = open_migrated(database_url)
    _write(engine)
    assert unwritable_since(engine) is None
    if engine.dialect.name == "postgresql":
        _make_read_only(database_url)
    engine.dispose()
    for attempt in (_write, check_writable, check_writable):
        if engine.dialect.name == "sqlite":
            # As where the file may not be written; root may write every file.
            with reading(engine) as session:
                session.connection().exec_driver_sql("PRAGMA query_only = ON")
        with pytest.raises(StorageReadOnly, match=r"read-only .since .* UTC., so nothing"):
            attempt(engine)
    since = unwritable_since(engine)
    assert since is not None
    with reading(engine) as session:
        assert session.connection().execute(text("SELECT count(*) FROM keys")).scalar_one() == 0
    if engine.dialect.name == "postgresql":
        # A transaction that writes nothing succeeds, and proves nothing.
        with writing(engine) as session:
            session.connection().execute(text("SELECT 1"))
        assert unwritable_since(engine) == since
        with psycopg.connect(
            database_url, autocommit=True, options="-c default_transaction_read_only=off"
        ) as connection:
            name = connection.info.dbname
            connection.execute(
                f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode()
            )
    engine.dispose()
    _write(engine)
    assert unwritable_since(engine) is None
    engine.dispose()


_NOBODY = 65_534


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder of the user that the test is run as: root may write every file, so not as root."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() != 0:
            yield Path(name)
            return
        os.chown(name, _NOBODY, -1)
        os.seteuid(_NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def test_a_file_without_permission_to_write(unprivileged: Path) -> None:
    engine = open_migrated(f"sqlite:///{unprivileged / 'keys.db'}")
    engine.dispose()
    (unprivileged / "keys.db").chmod(0o400)
    again = open_engine(f"sqlite:///{unprivileged / 'keys.db'}")
    with pytest.raises(StorageReadOnly):
        check_writable(again)
    again.dispose()


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="cannot be opened") as raised:
        open_engine(f"sqlite:///{tmp_path / 'file' / 'keys.db'}")
    assert raised.value.permanent
