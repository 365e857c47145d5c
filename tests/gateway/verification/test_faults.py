"""Database faults with real gateways: no key is accepted wrongly, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from gateway.base.client_address import Origin
from gateway.base.gateway_log import GatewayLog
from gateway.base.options import Options
from gateway.usage.usage_recorder import UsageCounter, UsageRecorder
from keys.changes.gateways import LEASE_SECONDS
from keys.usage.usage import Use, record_uses
from storage import StorageUnavailable, reading, writing
from storage.tables import DailyUse
from tests.gateway.site import Site
from tests.keys.conftest import Domain, open_test_application
from tests.postgresql import Postgresql

pytestmark = pytest.mark.sockets
DEADLINE = 20
# A database that answers again is found after a pause of a second at the most.
OPTIONS = Options(deadline=4.0)


@pytest.fixture
def server() -> Iterator[Postgresql]:
    """A server of the test's own, which it may stop."""
    with Postgresql() as made:
        yield made


@pytest.fixture
def site(server: Postgresql) -> Iterator[Site]:
    with ExitStack() as stack:
        made = Site(server.url())
        stack.callback(made.close)
        yield made


def until(condition: Callable[[], bool], what: str) -> float:
    """Waits until it holds; returns how long that took, in seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < DEADLINE, what
        time.sleep(0.02)
    return time.monotonic() - began


def test_without_its_database_a_gateway_refuses_and_recovers(
    server: Postgresql, site: Site
) -> None:
    site.open(2, OPTIONS)
    _, token = site.issue()
    assert site.ask_all(token) == [204, 204]
    server.stop()
    # The feed's end is seen at once; the lease is the bound for a cable that was cut.
    observe = until(lambda: site.ask_all(token) == [503, 503], "it fails closed")
    assert observe < LEASE_SECONDS + 1
    assert [site.ask_all(token) for _ in range(5)] == [[503, 503]] * 5
    server.start()
    until(lambda: site.ask_all(token) == [204, 204], "it comes back")


def test_what_was_revoked_while_the_feed_was_away_is_refused_afterwards(
    server: Postgresql, site: Site
) -> None:
    site.open(1, OPTIONS)
    key, token = site.issue()
    assert site.ask_all(token) == [204]
    server.stop()
    until(lambda: site.ask_all(token) == [503], "it fails closed")
    server.start()
    site.application.engine.dispose()
    with writing(site.application.engine) as session:
        session.connection().execute(
            text("UPDATE keys SET state = 'revoked' WHERE id = :id"), {"id": key.id}
        )
    until(lambda: site.ask_all(token) != [503], "it comes back")
    assert site.ask_all(token) == [401]


def test_with_grace_cached_keys_keep_working_and_others_do_not(
    server: Postgresql, site: Site
) -> None:
    site.open(1, replace(OPTIONS, grace=60.0))
    _, cached = site.issue("Known, production")
    _, unknown = site.issue("Unknown, production")
    assert site.ask_all(cached) == [204]
    server.stop()
    assert site.ask_all(unknown) == [503]
    assert [site.ask_all(cached) for _ in range(5)] == [[204]] * 5


NOWHERE: Origin = (None, None)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Domain]:
    """An application with a full database file: SQLite says "database or disk is full"."""
    application = open_test_application(tmp_path)
    with application.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    _limit_pages(application, pages)
    yield application
    application.close()


def test_a_full_disk_keeps_uses_for_later(small: Domain) -> None:
    application = small

    def write(usage_recorder: Mapping[str, Use]) -> None:
        with writing(application.engine, durable=False) as session:
            record_uses(session, usage_recorder)

    last = UsageRecorder(write, GatewayLog(application.clock), application.clock)
    counter = UsageCounter("sec_1")
    record = lambda: last.record(counter, application.clock.timestamp(), NOWHERE)
    fillers = [UsageCounter(f"sec_{number}") for number in range(2_000)]
    for filler in fillers:
        last.record(filler, application.clock.timestamp(), NOWHERE)
    with pytest.raises(StorageUnavailable):
        last.flush()
    record()
    _limit_pages(application, 1_000_000)
    assert last.flush() == 2_000
    with reading(application.engine) as session:
        rows = session.exec(select(DailyUse)).all()
    assert {row.count for row in rows if row.secret_id != "sec_1"} == {1}
    assert next(row.count for row in rows if row.secret_id == "sec_1") == 2


def _limit_pages(application: Domain, most: int) -> None:
    """For every connection of the pool, which has one while nothing else uses it."""
    with application.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")
