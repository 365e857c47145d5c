"""The migrations make exactly the tables that the models describe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from storage import SchemaAhead, open_engine, upgrade, writing
from storage.schema import _config, _head, revision
from tests.databases import open_migrated


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    upgrade(engine)
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    with writing(engine) as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaAhead, match="9999"):
        upgrade(engine)
    engine.dispose()


def test_the_database_file_is_private_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()


@pytest.mark.parametrize("url", ["nonsense", "mysql://x", "sqlite://", "sqlite:///:memory:"])
def test_an_unusable_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"database|supported"):
        open_engine(url)


@pytest.mark.slow
def test_of_ten_programs_that_start_at_once_one_migrates(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for url in (
        f"sqlite:///{tmp_path / 'keys.db'}",
        request.getfixturevalue("postgresql").create("ten_at_once"),
    ):
        engines = [open_engine(url) for _ in range(10)]
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(upgrade, engines))
        at, needed = revision(engines[0])
        assert at == needed
        for engine in engines:
            engine.dispose()


def test_a_copied_database_is_as_a_migrated_one_and_private(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("migrated.db", "copied.db", "another.db")]
    made = open_engine(f"sqlite:///{paths[0]}")
    upgrade(made)
    copies = [open_migrated(f"sqlite:///{path}") for path in paths[1:]]
    schema = text("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    with made.connect() as connection:
        wanted = connection.execute(schema).all()
    for copy, path in zip(copies, paths[1:], strict=True):
        with copy.connect() as connection:
            assert connection.execute(schema).all() == wanted
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        current, newest = revision(copy)
        assert current == newest
        assert path.stat().st_mode & 0o777 == 0o600
    with writing(copies[0]) as session:
        session.connection().execute(text("DELETE FROM alembic_version"))
    assert revision(copies[1])[0] is not None, "each copy is a file of its own"
    for engine in (made, *copies):
        engine.dispose()


def test_the_newest_migration_is_found_without_alembic() -> None:
    scripts = ScriptDirectory.from_config(_config())
    assert scripts.get_current_head() == _head()
