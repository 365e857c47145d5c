"""Reading from a replica that is behind: what it does not know yet is asked of the primary."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import inf

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Pool
from gateway.cache.replica_positions import ReplicaPositions
from gateway.cache.verdict_cache import VerdictCache
from gateway.verification.replica import Replica
from gateway.verification.row_loader import RowLoader
from keys.base.errors import StorageUnavailable
from runtime.clock import HeldClock
from runtime.http_server import Running
from storage.change_feed import FeedEntry
from tests.gateway.fakes import NOON, lines
from tests.gateway.site import Site
from tests.postgresql import Postgresql
from tests.postgresql import Replica as ReplicaServer

# How far a replica has come, as the ledger knows it


def test_a_replica_has_seen_what_lies_at_or_before_its_place() -> None:
    positions = ReplicaPositions()
    assert positions.last_change_at(10**9) is None
    positions.record(100, 1)
    positions.record(150, 1)
    positions.record(200, 4)
    assert positions.newest == 200
    found = [positions.last_change_at(place) for place in (99, 100, 199, 200, 10**9)]
    assert found == [None, 1, 1, 4, 4]
    positions.clear()
    assert positions.last_change_at(10**9) is None


def test_of_very_many_steps_the_oldest_are_given_up() -> None:
    positions = ReplicaPositions()
    for number in range(50_000):
        positions.record(number * 10, number)
    assert positions.last_change_at(0) is None
    assert positions.last_change_at(499_990) == 49_999


# The rows of a small world, in which everything happens in any order


class World:
    """A primary whose rows are numbers, a replica somewhere behind, and a feed between them.

    Each change sets one of the names to the number of the change, which is its place as well.
    """

    NAMES = ("a", "b", "c")

    def __init__(self) -> None:
        self.clock = HeldClock(NOON)
        self.cache = VerdictCache(self.clock)
        self.cache.valid_until(inf)
        self.positions = ReplicaPositions()
        self.history: list[Mapping[str, int]] = [dict.fromkeys(self.NAMES, 0)]
        self.replayed = self.told = 0
        self.broken = False
        options = Options(threads=1)
        self.metrics = Metrics()
        replica = Replica(self, self.positions, options, GatewayLog(self.clock), self.clock)  # type: ignore[arg-type]  # what it needs of a ReplicaLookup
        self.replica, self.pool = replica, Pool(options)
        self.rows: RowLoader[int] = RowLoader(
            lambda names: {name: self.history[-1][name] for name in names},
            lambda name, _: (name,), self.cache, self.pool, options, self.metrics,
            replica, self.read_replica,
        )  # fmt: skip

    def read_replica(self, names: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        if self.broken:
            raise StorageUnavailable("gone")
        return self.replayed, {name: self.history[self.replayed][name] for name in names}

    def close(self) -> None:
        """As a ReplicaLookup has it."""

    def changes(self, name: str) -> None:
        self.history.append({**self.history[-1], name: len(self.history)})

    def replays(self, steps: int) -> None:
        self.replayed = min(self.replayed + steps, len(self.history) - 1)

    def tells(self, steps: int) -> None:
        """The feed reports some changes, one at a time."""
        for _ in range(min(steps, len(self.history) - 1 - self.told)):
            self.told += 1
            before, after = self.history[self.told - 1], self.history[self.told]
            (name,) = (each for each in self.NAMES if before[each] != after[each])
            self.cache.apply([FeedEntry(name, None)])

    def proves(self) -> None:
        """The feed proves that it lives: its place is that of the newest change of all."""
        self.positions.record(len(self.history) - 1, self.cache.position)

    def ends(self) -> None:
        self.replica.close()
        self.pool.close()


STEPS = st.one_of(
    st.tuples(st.just("changes"), st.sampled_from(World.NAMES)),
    st.tuples(st.just("replays"), st.integers(1, 4)),
    st.tuples(st.just("tells"), st.integers(1, 4)),
    st.tuples(st.just("proves")),
    st.tuples(st.just("reads"), st.sampled_from(World.NAMES)),
)


@settings(max_examples=200)
@given(st.lists(STEPS, min_size=20, max_size=60))
def test_no_row_is_older_than_a_reported_change(
    steps: list[tuple[str, object]],
) -> None:
    world = World()

    async def run() -> None:
        for what, *args in steps:
            if what != "reads":
                getattr(world, what)(*args)
                continue
            (name,) = map(str, args)
            told = world.history[world.told][name]
            row = await world.rows.load(name)
            assert row is not None
            assert row >= told, f"{name} was {told} by what was told, and {row} was answered"

    try:
        asyncio.run(run())
    finally:
        world.ends()


def test_a_replica_that_has_seen_everything_spares_the_primary() -> None:
    world = World()
    world.changes("a")
    world.tells(1)
    world.proves()

    async def run() -> None:
        assert await world.rows.load("a") == 1
        assert (world.metrics.from_replica, world.metrics.from_database) == (0, 1)
        world.replays(1)
        assert await world.rows.load("a") == 1
        assert (world.metrics.from_replica, world.metrics.from_database) == (1, 1)
        # A change that it has not seen concerns those alone who ask for what was changed.
        world.changes("b")
        world.tells(1)
        assert await world.rows.load("a") == 1
        assert await world.rows.load("b") == 2
        assert (world.metrics.from_replica, world.metrics.from_database) == (2, 2)
        # Who does not know what has changed believes no replica.
        world.cache.valid_until(-inf)
        assert await world.rows.load("a") == 1
        assert (world.metrics.from_replica, world.metrics.from_database) == (2, 3)

    asyncio.run(run())
    world.ends()


def test_a_replica_that_does_not_answer_is_left_alone_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.proves()
    world.broken = True

    async def run() -> None:
        assert await world.rows.load("a") == 0
        world.broken = False
        assert await world.rows.load("a") == 0
        assert world.metrics.from_replica == 0
        world.clock.move(timedelta(seconds=6))
        assert await world.rows.load("a") == 0
        assert world.metrics.from_replica == 1

    asyncio.run(run())
    world.ends()
    assert [line["event"] for line in lines(caplog.records)] == ["replica_left", "replica_again"]


# Real servers


@pytest.fixture
def site(
    primary: Postgresql, replica: ReplicaServer, request: pytest.FixtureRequest
) -> Iterator[Site]:
    url = primary.create(request.node.name)
    replica.go_on()
    replica.catches_up()
    made = Site(url, replica.url(request.node.name))
    made.open(2)
    yield made
    replica.go_on()
    made.close()


def lookups(gateway: Running) -> dict[str, float]:
    text = httpx.get(f"{gateway.url}/metrics").text
    start = "apikeys_gateway_lookups_total{source="
    found = (line for line in text.splitlines() if line.startswith(start))
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


@pytest.mark.sockets
def test_a_replica_that_stands_still_keeps_no_revoked_key_alive(
    site: Site, replica: ReplicaServer
) -> None:
    keys = [site.issue(f"Zapier, {number}") for number in range(12)]
    replica.catches_up()
    replica.pause()
    order = random.Random(1).sample(range(12), 12)  # noqa: S311  (any order will do)
    revoked = set(order[:6])
    for number in order:
        if number in revoked:
            assert site.revoke(keys[number][0]).everywhere
    expected = [[401] * 2 if number in revoked else [204] * 2 for number in range(12)]
    assert [site.ask_all(token) for _, token in keys] == expected
    # A key that the replica has never heard of works at once.
    _, late = site.issue("Zapier, late")
    assert site.ask_all(late) == [204, 204]
    replica.go_on()
    replica.catches_up()
    assert [site.ask_all(token) for _, token in keys] == expected


@pytest.mark.sockets
def test_a_replica_that_keeps_up_is_read_from(site: Site, replica: ReplicaServer) -> None:
    # What has just changed is asked of the primary until the feed's next proof has come; it comes
    # within milliseconds, and nothing tells from outside that it has.
    for number in range(100):
        _, token = site.issue(f"Zapier, {number}")
        replica.catches_up()
        assert site.ask_all(token) == [204, 204]
        if all(lookups(gateway)["replica"] for gateway in site.gateways):
            return
    pytest.fail("it was never read from")


@pytest.mark.sockets
def test_without_its_replica_a_gateway_works_on(site: Site, replica: ReplicaServer) -> None:
    key, token = site.issue()
    replica.stop()
    try:
        assert site.ask_all(token) == [204, 204]
        assert site.revoke(key).everywhere
        assert site.ask_all(token) == [401, 401]
    finally:
        replica.start()
