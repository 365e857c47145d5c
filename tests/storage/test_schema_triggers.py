"""The hashes of the triggers are those of a database that was just migrated."""

from __future__ import annotations

from storage import open_engine, reading, upgrade
from storage.schema_triggers import EXPECTED, differences, triggers_of


def test_the_hashes_are_those_of_a_migrated_database(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    with reading(engine) as session:
        found = {one.title: one.digest for one in triggers_of(session.connection())}
    lines = "".join(f'    "{title}": "{digest}",\n' for title, digest in sorted(found.items()))
    dialect = engine.dialect.name
    assert found == EXPECTED[dialect], f"{dialect} has now:\n{lines}"
    assert differences(engine) == {}
    engine.dispose()
