"""A fresh database for a test, on each of the two engines that are supported."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.postgresql import NoPostgresql, Postgresql, Replica

if TYPE_CHECKING:
    from sqlalchemy import Engine

# Every test loads this file, and not every test wants the second that SQLModel's import takes.
PEPPER = b"p" * 32
ENGINES = ("sqlite", "postgresql")
_TEMPLATE = "migrated"
_numbers = count(1)
# Copies of the template on a server: they need no migrating.
_copies: set[str] = set()


def open_migrated(url: str) -> Engine:
    """Open a database at the newest schema.

    A SQLite file that is not there yet is copied from one that this process migrated once, which
    takes a tenth of the time; a database that is there already is migrated as the programs do it.
    """
    from keys.credentials.peppers import Peppers
    from storage import open_engine, seals, upgrade
    from tests.compiled import share_compiled_statements

    share_compiled_statements()
    engine = open_engine(url)
    # What works with other peppers binds those itself.
    seals.bind(engine, Peppers({1: PEPPER}))
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and Path(path).stat().st_size == 0:
        # Written into the file that the engine made, so that its permissions stay as they are.
        Path(path).write_bytes(_migrated())
    elif url not in _copies:
        upgrade(engine)
    return engine


@cache
def _migrated() -> bytes:
    """Return a migrated SQLite file, made by this process so that it cannot be an old one."""
    from storage import open_engine, upgrade

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        engine = open_engine(f"sqlite:///{path}")
        upgrade(engine)
        # The last connection writes the log back into the file, and removes it.
        engine.dispose()
        assert list(Path(folder).iterdir()) == [path]
        return path.read_bytes()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A server with one migrated database, which is copied for each test that wants one."""
    try:
        server = Postgresql()
    except NoPostgresql as missing:
        pytest.skip(f"no PostgreSQL: {missing}")
    with server:
        open_migrated(server.create(_TEMPLATE)).dispose()
        yield server


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database: a file, or a copy on the server."""
    if request.param == "sqlite":
        if request.config.getoption("--postgresql"):
            pytest.skip("everything runs on PostgreSQL this time")
        yield f"sqlite:///{tmp_path / 'keys.db'}"
        return
    if request.config.getoption("--sqlite"):
        pytest.skip("everything runs on SQLite this time")
    server: Postgresql = request.getfixturevalue("postgresql")
    with fresh_on(server) as url:
        yield url


@contextmanager
def fresh_on(server: Postgresql) -> Iterator[str]:
    """The address of a database of its own on the server, for as long as the block lasts."""
    name = f"test_{next(_numbers)}"
    url = server.create(name, _TEMPLATE)
    _copies.add(url)
    yield url
    _copies.remove(url)
    server.drop(name)


@pytest.fixture(scope="module")
def primary() -> Iterator[Postgresql]:
    """A server of its own, which may have a replica."""
    with Postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def replica(primary: Postgresql) -> Iterator[Replica]:
    """A streaming replica of it."""
    with Replica(primary) as server:
        yield server
