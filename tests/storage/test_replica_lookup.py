"""Reading from a streaming replica, and knowing how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import Engine

from keys.credentials.tokens import Token
from storage import StorageUnavailable, open_engine
from storage.change_feed import WRITTEN
from storage.replica_lookup import NotItsReplica, ReplicaLookup, _Lookup
from tests.gateway.site import Site
from tests.postgresql import Postgresql, Replica

EVERYTHING = 2**62


@pytest.fixture
def site(primary: Postgresql, replica: Replica, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(primary.create(request.node.name))
    yield made
    made.close()


@pytest.fixture
def engine(replica: Replica, site: Site, request: pytest.FixtureRequest) -> Iterator[Engine]:
    replica.go_on()
    made = open_engine(replica.url(request.node.name))
    yield made
    made.dispose()


def place_of(primary: Postgresql) -> int:
    with psycopg.connect(primary.url()) as connection:
        (place,) = connection.execute(f"SELECT {WRITTEN}".encode()).fetchone() or (0,)
    return int(place)


def known(lookup: ReplicaLookup, token: Token) -> tuple[int, str | None]:
    place, rows = lookup.read([token.public_id])
    row = rows.get(token.public_id)
    return place, row.state if row else None


def test_the_place_tells_what_has_been_seen(
    primary: Postgresql, replica: Replica, site: Site, engine: Engine
) -> None:
    key, token = site.issue()
    made = place_of(primary)
    replica.catches_up()
    with closing(ReplicaLookup(engine, site.application.direct, lambda: EVERYTHING)) as lookup:
        place, state = known(lookup, token)
        assert place >= made
        assert state == "active"
        replica.pause()
        site.revoke(key)
        revoked = place_of(primary)
        place, state = known(lookup, token)
        # It still says what was; and so does its place.
        assert place < revoked
        assert state == "active"
        replica.go_on()
        replica.catches_up()
        place, state = known(lookup, token)
        assert place >= revoked
        assert state == "revoked"


def test_who_need_not_know_more_does_not_ask_again(
    replica: Replica, site: Site, engine: Engine
) -> None:
    _, token = site.issue()
    replica.catches_up()
    enough = EVERYTHING
    with closing(ReplicaLookup(engine, site.application.direct, lambda: enough)) as lookup:
        first, _ = known(lookup, token)
        enough = first
        site.issue("Zapier, staging")
        replica.catches_up()
        assert known(lookup, token)[0] == first
        enough = first + 1
        assert known(lookup, token)[0] > first


class Moving:
    """A connection to a replica that replays a step after each statement."""

    def __init__(self) -> None:
        self.step = 0

    def execute(self, query: str, _values: object = ()) -> Moving:
        self.query = query
        return self

    def fetchone(self) -> tuple[int]:
        self.step += 1
        return (self.step - 1,)

    fetchall = fetchone


def test_the_place_is_that_of_before_the_rows_were_read(site: Site, engine: Engine) -> None:
    lookup = _Lookup(engine, site.application.direct, lambda: EVERYTHING)
    lookup._mine.connection, lookup._mine.position = Moving(), -1
    for _ in range(3):
        (rows_of,) = lookup._read("SELECT", ())
        assert lookup.position < rows_of


def test_a_database_that_is_no_replica_is_refused(site: Site) -> None:
    with (
        closing(
            ReplicaLookup(site.application.direct, site.application.direct, lambda: EVERYTHING)
        ) as lookup,
        pytest.raises(NotItsReplica, match="not a replica"),
    ):
        lookup.position()


def test_the_replica_of_another_server_is_refused(site: Site) -> None:
    with Postgresql() as other, Replica(other) as stranger:
        engine = open_engine(stranger.url())
        with (
            closing(ReplicaLookup(engine, site.application.direct, lambda: EVERYTHING)) as lookup,
            pytest.raises(NotItsReplica, match="another server"),
        ):
            lookup.position()
        engine.dispose()
        stranger.stop()
        with (
            closing(ReplicaLookup(engine, site.application.direct, lambda: EVERYTHING)) as lookup,
            pytest.raises(StorageUnavailable),
        ):
            lookup.position()
        engine.dispose()
