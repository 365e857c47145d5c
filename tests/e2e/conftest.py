"""`pytest --postgresql`: the programs of the end-to-end tests work on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import program
from tests.postgresql import Postgresql


@pytest.fixture(scope="session", autouse=True)
def _database(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.config.getoption("--postgresql"):
        yield
        return
    with Postgresql() as server:
        made: dict[Path, str] = {}

        def database_of(home: Path) -> str:
            if home not in made:
                made[home] = server.create(f"e2e_{len(made)}")
            return made[home]

        program.database_of = database_of
        yield
        program.database_of = None
