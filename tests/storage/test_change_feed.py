"""Changes arrive, each once and in order, whoever makes them; and a lost feed says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

import storage.secret_lookup
from storage import open_engine, upgrade, writing
from storage.change_feed import FeedBatch, FeedEntry, FeedLost, open_feed
from storage.tables import Account, ChangeRow, Key, Secret
from storage.triggers import KEPT, WATCHED
from tests.keys.conftest import Domain, open_application_at
from tests.postgresql import Postgresql

DEADLINE = 10
Told = list[FeedEntry]


@pytest.fixture
def domain(database_url: str) -> Iterator[Domain]:
    opened = open_application_at(database_url)
    yield opened
    opened.close()


def told(engine: Engine, *acts: Callable[[], object], fence: str = "fnc_end") -> Told:
    """What the feed tells while these things are done, one after the other, from elsewhere."""

    async def run() -> Told:
        heard: Told = []
        feed = open_feed(engine)
        async with asyncio.timeout(DEADLINE), aclosing(feed.follow()) as pulses:  # type: ignore[type-var]
            await anext(pulses)
            for act in (*acts, lambda: _set(engine, fence)):
                await asyncio.to_thread(act)
            async for pulse in pulses:
                heard += pulse.changes
                if heard and heard[-1].fence == fence:
                    return heard[:-1]
        raise AssertionError("the feed ended")

    return asyncio.run(run())


def _set(engine: Engine, fence: str) -> None:
    with writing(engine) as session:
        session.add(ChangeRow(fence=fence))


def by_hand(engine: Engine, statement: str, **values: object) -> Callable[[], None]:
    def act() -> None:
        with writing(engine) as session:
            session.connection().execute(text(statement), values)

    return act


def test_what_is_done_with_keys_arrives_in_its_order(domain: Domain) -> None:
    key, _ = domain.issue("Zapier")
    rename = lambda: domain.rename(key.id, "Zapier, production")
    changes = told(domain.engine, rename, lambda: domain.revoke(key.id))
    *before, fence = changes
    assert {each.key_id for each in before} == {key.id}
    assert len(before) >= 2
    assert (fence.key_id, fence.fence is None) == (None, False)


def test_a_new_secret_is_told_by_its_public_id(domain: Domain) -> None:
    made: list[Any] = []
    changes = told(domain.engine, lambda: made.append(domain.reserve()))
    assert changes == [FeedEntry(made[0].key.id, made[0].token.public_id)]


def test_what_was_undone_is_not_told(domain: Domain) -> None:
    key, _ = domain.issue()

    def undone() -> None:
        with pytest.raises(KeyError), writing(domain.engine) as session:
            session.connection().execute(text("UPDATE keys SET note = 'x'"))
            raise KeyError

    assert told(domain.engine, undone) == []
    assert key.note == ""


def test_uses_are_no_changes(domain: Domain) -> None:
    domain.issue()
    use = "INSERT INTO secret_uses VALUES ('sec_1', '2026-01-01 00:00:00', '')"
    count = "INSERT INTO daily_uses VALUES ('sec_1', '2026-01-01', 1)"
    assert told(domain.engine, by_hand(domain.engine, use), by_hand(domain.engine, count)) == []


ROWS: list[tuple[type[SQLModel], str]] = [
    (table, column.name)
    for table in (Account, Key, Secret)
    for column in table.__table__.columns  # type: ignore[attr-defined, union-attr]
]


@pytest.mark.parametrize(
    ("table", "column"), ROWS, ids=lambda each: getattr(each, "__name__", each)
)
def test_a_change_of_any_column_is_told(domain: Domain, table: type[SQLModel], column: str) -> None:
    """By construction: a column that somebody adds later is among these by itself."""
    key, token = domain.issue()
    name = str(table.__tablename__)
    statement = f"UPDATE {name} SET {column} = {column}"  # noqa: S608  (names of our own)
    changes = told(domain.engine, by_hand(domain.engine, statement))
    expected = {
        "accounts": FeedEntry(None, None),
        "keys": FeedEntry(key.id, None),
        "secrets": FeedEntry(key.id, token.public_id),
    }
    assert changes == [expected[name]]


def test_every_table_that_a_verification_reads_is_watched() -> None:
    statement = storage.secret_lookup._SELECT
    # An entry of the audit log changes nothing without the row that it is about.
    known = {*WATCHED, "events"}
    others = {str(each.name) for each in SQLModel.metadata.sorted_tables} - known
    assert not [name for name in others if f" {name} " in statement]


def test_removing_a_secret_is_told(domain: Domain) -> None:
    key, token = domain.issue()
    deliveries = by_hand(domain.engine, "DELETE FROM deliveries")
    secrets = by_hand(domain.engine, "DELETE FROM secrets")
    assert told(domain.engine, deliveries, secrets) == [FeedEntry(key.id, token.public_id)]


def test_many_changes_at_once_are_all_told(domain: Domain) -> None:
    ids = {domain.issue(f"Program {number:02}")[0].id for number in range(30)}
    changes = told(domain.engine, by_hand(domain.engine, "UPDATE keys SET note = 'x'"))
    assert {each.key_id for each in changes} == ids
    assert len(changes) == len(ids)


def test_changes_that_were_swept_away_unread_are_a_loss(domain: Domain) -> None:
    if domain.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL sends changes, and does not have them read")

    def sweep() -> None:
        with writing(domain.engine) as session:
            session.add_all(ChangeRow(key_id="key_x") for _ in range(3))
            session.flush()
            session.connection().execute(text("DELETE FROM changes WHERE id < 3"))

    with pytest.raises(FeedLost):
        told(domain.engine, sweep)
    assert KEPT > 1_000


def test_a_database_that_is_not_there_is_a_lost_feed(tmp_path_factory: Any) -> None:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('gone') / 'keys.db'}")
    with pytest.raises(FeedLost):
        told(engine)
    engine.dispose()


def test_a_server_that_stops_is_a_lost_feed_and_a_new_one_begins() -> None:
    with Postgresql() as server:
        engine = open_engine(server.url())
        upgrade(engine)

        async def run() -> list[str]:
            seen: list[str] = []
            feed = open_feed(engine)
            with pytest.raises(FeedLost):
                async with asyncio.timeout(DEADLINE), aclosing(feed.follow()) as pulses:  # type: ignore[type-var]
                    seen.append(type(await anext(pulses)).__name__)
                    await asyncio.to_thread(server.stop)
                    async for _ in pulses:
                        continue
            with pytest.raises(FeedLost):
                await anext(feed.follow())
            await asyncio.to_thread(server.start)
            async with aclosing(feed.follow()) as pulses:  # type: ignore[type-var]
                seen.append(type(await anext(pulses)).__name__)
            return seen

        assert asyncio.run(run()) == [FeedBatch.__name__] * 2
        engine.dispose()
