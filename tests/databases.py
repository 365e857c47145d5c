"""A fresh database for a test, on each of the two engines that are supported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from storage import open_engine, upgrade
from tests.postgresql import NoPostgresql, Postgresql, Replica

ENGINES = ("sqlite", "postgresql")
_TEMPLATE = "migrated"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A server with one migrated database, which is copied for each test that wants one."""
    try:
        server = Postgresql()
    except NoPostgresql as missing:
        pytest.skip(f"no PostgreSQL: {missing}")
    with server:
        engine = open_engine(server.create(_TEMPLATE))
        upgrade(engine)
        engine.dispose()
        yield server


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database: a file, or a copy on the server."""
    if request.param == "sqlite":
        if request.config.getoption("--postgresql"):
            pytest.skip("everything runs on PostgreSQL this time")
        yield f"sqlite:///{tmp_path / 'keys.db'}"
        return
    server: Postgresql = request.getfixturevalue("postgresql")
    with fresh_on(server) as url:
        yield url


@contextmanager
def fresh_on(server: Postgresql) -> Iterator[str]:
    """The address of a database of its own on the server, for as long as the block lasts."""
    name = f"test_{next(_numbers)}"
    yield server.create(name, _TEMPLATE)
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
