"""Following the feed: what it proves is believed, and a lost feed takes belief with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from gateway.base.decision_log import Report
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
    """Tells what it is given; an exception in it is raised, and the next feed begins."""

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
        self.memory = VerdictCache(self.clock)
        self.feed = FakeFeed()
        self.confirmed: list[str] = []
        self.ledger = ReplicaPositions()
        self.follower = CacheInvalidator(
            self.feed,
            self.memory,
            Report(self.clock),
            self.confirm,
            self.clock,
            lease=LEASE,
            grace=grace,
            ledger=self.ledger,
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

    def pulse(self, *changes: FeedEntry) -> FeedBatch:
        return FeedBatch(changes, self.clock.monotonic())

    def move(self, seconds: float) -> None:
        self.clock.move(timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invalidation, "_PAUSES", (0.0,))


def test_each_pulse_is_believed_for_the_lease() -> None:
    async def run() -> None:
        post = Post()
        post.follower.start()
        assert not post.memory.believed
        await post.tell(post.pulse())
        post.memory.keep(A, verified())
        post.move(LEASE - 0.1)
        assert post.memory.get(A)
        await post.tell(post.pulse())
        post.move(LEASE - 0.1)
        assert post.memory.get(A)
        # Without news, as when the process was stopped for a while, belief runs out by itself.
        post.move(0.1)
        assert post.memory.get(A) is None
        assert post.follower.lag == pytest.approx(LEASE)
        await post.follower.stop()

    asyncio.run(run())


def test_changes_are_applied_before_they_are_confirmed() -> None:
    async def run() -> None:
        post = Post()
        post.follower.start()
        await post.tell(post.pulse())
        post.memory.keep(A, verified(key_id="key_1"))
        seen: list[object] = []
        post.follower._confirm = lambda fences: seen.append((list(fences), post.memory.get(A)))
        await post.tell(post.pulse(FeedEntry("key_1", None), FeedEntry(None, None, "fnc_1")))
        assert seen == [(["fnc_1"], None)]
        await post.follower.stop()

    asyncio.run(run())


def test_a_place_in_the_log_says_nothing_of_the_changes_that_come_with_it() -> None:
    async def run() -> None:
        post = Post()
        post.follower.start()
        await post.tell(FeedBatch((), 0.0, 100))
        began = post.ledger.seen_by(100)
        assert began == post.memory.position
        await post.tell(FeedBatch((FeedEntry("key_1", None),), 0.0, 200))
        assert post.ledger.seen_by(200) == began
        await post.tell(FeedBatch((), 0.0, 300))
        assert (post.ledger.seen_by(299), post.ledger.seen_by(300)) == (began, post.memory.position)
        await post.tell(FeedLost("cut"), FeedBatch((), 0.0, 50))
        assert post.ledger.seen_by(49) is None
        assert post.ledger.seen_by(50) == post.memory.position
        await post.follower.stop()

    asyncio.run(run())


def test_a_lost_feed_is_believed_no_more_and_a_new_one_begins_empty(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        post = Post()
        post.follower.start()
        await post.tell(post.pulse())
        post.memory.keep(A, verified())
        position = post.memory.position
        await post.tell(FeedLost("cut"))
        assert not post.memory.believed
        assert not post.follower.alive
        await post.tell(post.pulse())
        assert post.memory.believed
        assert post.memory.get(A) is None
        assert post.memory.changed_since(position, "key_1")
        await post.follower.stop()
        assert not post.memory.believed

    asyncio.run(run())
    events = [line["event"] for line in lines(caplog.records)]
    assert events == ["feed_began", "feed_lost", "feed_began"]


def test_with_grace_what_is_remembered_counts_a_while_longer() -> None:
    async def run() -> None:
        post = Post(grace=30.0)
        post.follower.start()
        await post.tell(post.pulse())
        post.memory.keep(A, verified())
        await post.tell(FeedLost("cut"), FeedLost("still"), FeedLost("still"))
        post.move(LEASE + 29.9)
        assert post.memory.get(A)
        post.move(0.1)
        assert post.memory.get(A) is None
        await post.follower.stop()

    asyncio.run(run())


def test_a_defect_in_the_feed_counts_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        post = Post()
        post.follower.start()
        await post.tell(post.pulse(), KeyError("defect"), post.pulse())
        assert post.memory.believed
        await post.follower.stop()

    asyncio.run(run())
    assert [line["event"] for line in lines(caplog.records)].count("failed") == 1
