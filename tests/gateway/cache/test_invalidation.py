"""Following the feed: its proofs keep the cache valid, and a lost feed invalidates it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from gateway.base.gateway_log import GatewayLog
from gateway.cache import invalidation
from gateway.cache.invalidation import CacheInvalidator
from gateway.cache.replica_positions import ReplicaPositions
from gateway.cache.verdict_cache import VerdictCache, fingerprint
from runtime.clock import HeldClock
from storage.change_feed import FeedBatch, FeedEntry, FeedLost
from tests.gateway.fakes import NOON, lines, verified

A = fingerprint(b"a")
LEASE = 2.0


class FakeFeed:
    """Yields what it is given; an exception in it is raised, and the next feed starts."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[FeedBatch | Exception] = asyncio.Queue()
        self.begun = 0

    async def follow(self) -> AsyncIterator[FeedBatch]:
        self.begun += 1
        while True:
            news = await self.news.get()
            if isinstance(news, Exception):
                raise news
            yield news


class Post:
    """A follower, and everything around it."""

    def __init__(self, grace: float = 0.0) -> None:
        self.clock = HeldClock(NOON)
        self.cache = VerdictCache(self.clock)
        self.feed = FakeFeed()
        self.confirmed: list[str] = []
        self.positions = ReplicaPositions()
        self.invalidator = CacheInvalidator(
            self.feed,
            self.cache,
            GatewayLog(self.clock),
            self.confirm,
            self.clock,
            lease=LEASE,
            grace=grace,
            positions=self.positions,
        )

    def confirm(self, fences: Sequence[str]) -> None:
        self.confirmed += fences

    async def tell(self, *news: FeedBatch | Exception) -> None:
        """Has it hear the news, and returns when it waits for more."""
        for each in news:
            self.feed.news.put_nowait(each)
        begun = self.feed.begun
        losses = sum(isinstance(each, Exception) for each in news)
        for _ in range(1_000):
            if self.feed.news.empty() and self.feed.begun >= begun + losses:
                await asyncio.sleep(0)
                return
            await asyncio.sleep(0.001)
        raise AssertionError("it does not listen")

    def batch(self, *changes: FeedEntry) -> FeedBatch:
        return FeedBatch(changes, self.clock.monotonic())

    def move(self, seconds: float) -> None:
        self.clock.move(timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invalidation, "_PAUSES", (0.0,))


def test_each_batch_keeps_the_cache_valid_for_the_lease() -> None:
    async def run() -> None:
        post = Post()
        post.invalidator.start()
        assert not post.cache.valid
        await post.tell(post.batch())
        post.cache.add(A, verified())
        post.move(LEASE - 0.1)
        assert post.cache.get(A)
        await post.tell(post.batch())
        post.move(LEASE - 0.1)
        assert post.cache.get(A)
        # Without news, as when the process was stopped for a while, belief runs out by itself.
        post.move(0.1)
        assert post.cache.get(A) is None
        assert post.invalidator.lag == pytest.approx(LEASE)
        await post.invalidator.stop()

    asyncio.run(run())


def test_changes_are_applied_before_they_are_confirmed() -> None:
    async def run() -> None:
        post = Post()
        post.invalidator.start()
        await post.tell(post.batch())
        post.cache.add(A, verified(key_id="key_1"))
        seen: list[object] = []
        post.invalidator._confirm = lambda fences: seen.append((list(fences), post.cache.get(A)))
        await post.tell(post.batch(FeedEntry("key_1", None), FeedEntry(None, None, "fnc_1")))
        assert seen == [(["fnc_1"], None)]
        await post.invalidator.stop()

    asyncio.run(run())


def test_a_place_in_the_log_says_nothing_of_the_changes_that_come_with_it() -> None:
    async def run() -> None:
        post = Post()
        post.invalidator.start()
        await post.tell(FeedBatch((), 0.0, 100))
        began = post.positions.last_change_at(100)
        assert began == post.cache.position
        await post.tell(FeedBatch((FeedEntry("key_1", None),), 0.0, 200))
        assert post.positions.last_change_at(200) == began
        await post.tell(FeedBatch((), 0.0, 300))
        assert (post.positions.last_change_at(299), post.positions.last_change_at(300)) == (
            began,
            post.cache.position,
        )
        await post.tell(FeedLost("cut"), FeedBatch((), 0.0, 50))
        assert post.positions.last_change_at(49) is None
        assert post.positions.last_change_at(50) == post.cache.position
        await post.invalidator.stop()

    asyncio.run(run())


def test_a_lost_feed_invalidates_the_cache_and_a_new_one_starts_empty(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        post = Post()
        post.invalidator.start()
        await post.tell(post.batch())
        post.cache.add(A, verified())
        position = post.cache.position
        await post.tell(FeedLost("cut"))
        assert not post.cache.valid
        assert not post.invalidator.alive
        await post.tell(post.batch())
        assert post.cache.valid
        assert post.cache.get(A) is None
        assert post.cache.changed_since(position, "key_1")
        await post.invalidator.stop()
        assert not post.cache.valid

    asyncio.run(run())
    events = [line["event"] for line in lines(caplog.records)]
    assert events == ["feed_began", "feed_lost", "feed_began"]


def test_with_grace_the_cache_stays_valid_longer() -> None:
    async def run() -> None:
        post = Post(grace=30.0)
        post.invalidator.start()
        await post.tell(post.batch())
        post.cache.add(A, verified())
        await post.tell(FeedLost("cut"), FeedLost("still"), FeedLost("still"))
        post.move(LEASE + 29.9)
        assert post.cache.get(A)
        post.move(0.1)
        assert post.cache.get(A) is None
        await post.invalidator.stop()

    asyncio.run(run())


def test_a_defect_in_the_feed_counts_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        post = Post()
        post.invalidator.start()
        await post.tell(post.batch(), KeyError("defect"), post.batch())
        assert post.cache.valid
        await post.invalidator.stop()

    asyncio.run(run())
    assert [line["event"] for line in lines(caplog.records)].count("failed") == 1
