"""Last-used times: gathered, written together, and not lost when the database is away."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.base.client_address import coarse
from gateway.base.gateway_log import GatewayLog
from gateway.usage.usage_recorder import UsageCounter, UsageRecorder
from keys.base.errors import StorageUnavailable
from keys.usage.usage import Use
from runtime.clock import HeldClock
from tests.gateway.fakes import NOON, lines

CLOCK = HeldClock(NOON)
DEADLINE = 10
LATER = NOON + timedelta(seconds=1)
DAY = NOON.date()


class Store:
    """Takes batches, unless it is away."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Use]] = []
        self.away: Exception | None = None
        self.written = threading.Event()

    def __call__(self, batch: Mapping[str, Use]) -> None:
        if self.away:
            raise self.away
        self.batches.append(dict(batch))
        self.written.set()


@pytest.fixture
def store() -> Store:
    return Store()


class Noting:
    """Records uses by secret id, with one counter each, as a gateway's cache has them."""

    def __init__(self, last: UsageRecorder) -> None:
        self._last = last
        self._tallies: dict[str, UsageCounter] = {}

    def __call__(self, secret_id: str, at: datetime, source: str) -> None:
        counter = self._tallies.setdefault(secret_id, UsageCounter(secret_id))
        self._last.record(counter, at.timestamp(), ((source, 40_000), None))


def _use(at: datetime, source: str, count: int = 1) -> Use:
    return Use(at, coarse(source), {DAY: count})


def _last_used(store: Store, every: float = 3600) -> UsageRecorder:
    return UsageRecorder(store, GatewayLog(CLOCK), CLOCK, every)


def test_many_uses_are_one_writing_of_the_newest_and_the_count(store: Store) -> None:
    last = _last_used(store)
    record = Noting(last)
    record("a", NOON, "192.0.2.1")
    record("a", LATER, "198.51.100.2")
    record("b", NOON, "203.0.113.4")
    assert last.backlog == 2
    assert last.flush() == 2
    assert store.batches == [{"a": _use(LATER, "198.51.100.2", 2), "b": _use(NOON, "203.0.113.4")}]
    assert last.backlog == 0


def test_nothing_to_write_asks_the_database_for_nothing(store: Store) -> None:
    last = _last_used(store)
    assert last.flush() == 0
    Noting(last)("a", NOON, "")
    assert last.flush() == 1
    assert last.flush() == 0
    assert len(store.batches) == 1


def test_the_uses_of_a_token_that_was_evicted_and_cached_again_add_up(store: Store) -> None:
    last = _last_used(store)
    Noting(last)("a", LATER, "198.51.100.1")
    Noting(last)("a", NOON, "203.0.113.1")
    assert last.flush() == 1
    assert store.batches == [{"a": _use(LATER, "198.51.100.1", 2)}]


def test_each_day_has_its_count(store: Store) -> None:
    last = _last_used(store)
    record = Noting(last)
    record("a", NOON, "")
    last.flush()
    tomorrow = NOON + timedelta(days=1)
    record("a", tomorrow, "")
    record("a", tomorrow, "")
    last.flush()
    assert store.batches[1] == {"a": Use(tomorrow, "", {tomorrow.date(): 2})}


def test_what_could_not_be_written_is_kept_and_counted_once(store: Store) -> None:
    def away(_batch: Mapping[str, Use]) -> None:
        record("a", LATER, "198.51.100.1")
        raise StorageUnavailable("away")

    write: list[Callable[[Mapping[str, Use]], None]] = [away]
    last = UsageRecorder(lambda batch: write[0](batch), GatewayLog(CLOCK), CLOCK)
    record = Noting(last)
    record("a", NOON, "203.0.113.1")
    record("b", NOON, "203.0.113.1")
    with pytest.raises(StorageUnavailable):
        last.flush()
    write[0] = store
    assert last.flush() == 2
    assert store.batches == [{"a": _use(LATER, "198.51.100.1", 2), "b": _use(NOON, "203.0.113.1")}]


def test_it_writes_at_intervals(store: Store) -> None:
    last = _last_used(store, every=0.01)
    last.start()
    Noting(last)("a", NOON, "")
    assert store.written.wait(DEADLINE)
    last.stop()
    assert store.batches == [{"a": _use(NOON, "")}]


def test_a_clean_stop_loses_nothing(store: Store) -> None:
    last = _last_used(store)
    last.start()
    Noting(last)("a", NOON, "")
    last.stop()
    assert store.batches == [{"a": _use(NOON, "")}]
    assert not any(thread.name == "gateway-last-used" for thread in threading.enumerate())


def test_it_cannot_be_started_twice(store: Store) -> None:
    last = _last_used(store)
    last.start()
    with pytest.raises(RuntimeError):
        last.start()
    last.stop()


@pytest.mark.parametrize(
    ("error", "event"),
    [(StorageUnavailable("away"), "last_used_unwritten"), (KeyError("defect"), "failed")],
)
def test_a_stop_without_a_database_ends_and_says_so(
    store: Store, caplog: pytest.LogCaptureFixture, error: Exception, event: str
) -> None:
    store.away = error
    last = _last_used(store)
    last.start()
    Noting(last)("a", NOON, "")
    last.stop()
    assert [line["event"] for line in lines(caplog.records)] == [event]


def test_the_thread_outlives_an_outage(store: Store) -> None:
    tried = threading.Event()

    def write(batch: Mapping[str, Use]) -> None:
        if not tried.is_set():
            tried.set()
            raise StorageUnavailable("away")
        store(batch)

    last = UsageRecorder(write, GatewayLog(CLOCK), CLOCK, every=0.01)
    Noting(last)("a", NOON, "")
    last.start()
    assert store.written.wait(DEADLINE)
    last.stop()
    assert store.batches == [{"a": _use(NOON, "")}]


def test_an_outage_is_one_line_however_often_it_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away, failed, written = threading.Event(), threading.Semaphore(0), threading.Semaphore(0)

    def write(batch: Mapping[str, Use]) -> None:
        if away.is_set():
            failed.release()
            raise StorageUnavailable("away")
        written.release()

    def happens(times: int, semaphore: threading.Semaphore) -> None:
        assert all(semaphore.acquire(timeout=DEADLINE) for _ in range(times))

    def unwritten() -> int:
        return [line["event"] for line in lines(caplog.records)].count("last_used_unwritten")

    last = UsageRecorder(write, GatewayLog(CLOCK), CLOCK, every=0.01)
    away.set()
    Noting(last)("a", NOON, "")
    last.start()
    happens(4, failed)
    assert unwritten() == 1
    away.clear()
    happens(1, written)
    while failed.acquire(blocking=False):
        pass
    away.set()
    Noting(last)("b", NOON, "")
    happens(4, failed)
    assert unwritten() == 2
    last.stop()
    assert unwritten() == 3


def test_no_use_is_lost_while_one_thread_notes_and_another_writes() -> None:
    counted: Counter[str] = Counter()

    def write(batch: Mapping[str, Use]) -> None:
        for secret_id, use in batch.items():
            counted[secret_id] += sum(use.days.values())

    last = UsageRecorder(write, GatewayLog(CLOCK), CLOCK, every=0.0001)
    record = Noting(last)
    last.start()
    for number in range(30_000):
        record("abc"[number % 3], NOON, "")
    last.stop()
    assert counted == {"a": 10_000, "b": 10_000, "c": 10_000}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans())))
def test_whatever_fails_in_between_all_uses_end_up_counted(
    steps: list[tuple[str, bool, bool]],
) -> None:
    counted: Counter[str] = Counter()
    fails = [False]

    def write(batch: Mapping[str, Use]) -> None:
        if fails[0]:
            raise StorageUnavailable("away")
        for secret_id, use in batch.items():
            counted[secret_id] += sum(use.days.values())

    last = UsageRecorder(write, GatewayLog(CLOCK), CLOCK)
    record = Noting(last)
    for secret_id, flush, fail in steps:
        record(secret_id, NOON, "")
        fails[0] = fail
        if flush:
            with suppress(StorageUnavailable):
                last.flush()
    fails[0] = False
    last.flush()
    assert counted == Counter(secret_id for secret_id, _, _ in steps)


def test_a_first_use_is_written_at_once_and_the_others_together_when_they_are_due() -> None:
    clock, batches = HeldClock(NOON), list[dict[str, int]]()

    def write(batch: Mapping[str, Use]) -> None:
        batches.append({secret: sum(use.days.values()) for secret, use in batch.items()})

    last = UsageRecorder(write, GatewayLog(clock), clock, every=60.0)
    record = Noting(last)
    for tick in range(25):
        record("steady", NOON, "")
        if tick == 3:
            record("new", NOON, "")
        last.flush_due()
        clock.move(timedelta(seconds=5))
    # After 0, 15, 60 and 120 seconds.
    assert batches == [{"steady": 1}, {"new": 1}, {"steady": 12}, {"steady": 12}]
    assert last.backlog == 0
    record("steady", NOON, "")
    last.stop()
    assert batches[-1] == {"steady": 1}
