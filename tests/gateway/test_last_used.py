"""Last-used times: gathered, written together, and not lost when the database is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.last_used import LastUsed
from gateway.report import Report
from keys.clock import HeldClock
from keys.errors import StorageUnavailable
from keys.usage import Use
from tests.gateway.fakes import NOON, lines

DEADLINE = 10
LATER = NOON + timedelta(seconds=1)


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


def _last_used(store: Store, every: float = 3600) -> LastUsed:
    return LastUsed(store, Report(HeldClock(NOON)), every)


def test_many_uses_are_one_writing_of_the_newest(store: Store) -> None:
    last = _last_used(store)
    last.record("a", NOON, "192.0.2.1")
    last.record("a", LATER, "192.0.2.2")
    last.record("a", NOON, "192.0.2.3")
    last.record("b", NOON, "192.0.2.4")
    assert last.flush() == 2
    assert store.batches == [{"a": Use(LATER, "192.0.2.2"), "b": Use(NOON, "192.0.2.4")}]


def test_nothing_to_write_asks_the_database_for_nothing(store: Store) -> None:
    last = _last_used(store)
    assert last.flush() == 0
    last.record("a", NOON, "")
    assert last.flush() == 1
    assert last.flush() == 0
    assert len(store.batches) == 1


def test_what_could_not_be_written_is_kept_and_never_goes_back_in_time(store: Store) -> None:
    def away(_batch: Mapping[str, Use]) -> None:
        last.record("a", LATER, "meanwhile")
        raise StorageUnavailable("away")

    write: list[Callable[[Mapping[str, Use]], None]] = [away]
    last = LastUsed(lambda batch: write[0](batch), Report(HeldClock(NOON)))
    last.record("a", NOON, "before")
    last.record("b", NOON, "before")
    with pytest.raises(StorageUnavailable):
        last.flush()
    write[0] = store
    assert last.flush() == 2
    assert store.batches == [{"a": Use(LATER, "meanwhile"), "b": Use(NOON, "before")}]


def test_it_writes_by_itself(store: Store) -> None:
    last = _last_used(store, every=0.01)
    last.start()
    last.record("a", NOON, "")
    assert store.written.wait(DEADLINE)
    last.stop()
    assert store.batches == [{"a": Use(NOON, "")}]


def test_a_clean_stop_loses_nothing(store: Store) -> None:
    last = _last_used(store)
    last.start()
    last.record("a", NOON, "")
    last.stop()
    assert store.batches == [{"a": Use(NOON, "")}]
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
    last.record("a", NOON, "")
    last.stop()
    assert [line["event"] for line in lines(caplog.records)] == [event]


def test_the_thread_outlives_an_outage(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    tried = threading.Event()

    def write(batch: Mapping[str, Use]) -> None:
        if not tried.is_set():
            tried.set()
            raise StorageUnavailable("away")
        store(batch)

    last = LastUsed(write, Report(HeldClock(NOON)), every=0.01)
    last.record("a", NOON, "")
    last.start()
    assert store.written.wait(DEADLINE)
    last.stop()
    assert store.batches == [{"a": Use(NOON, "")}]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.booleans())))
def test_whatever_the_order_the_newest_of_each_is_what_ends_up_stored(
    steps: list[tuple[str, int, bool]],
) -> None:
    stored: dict[str, Use] = {}

    def write(batch: Mapping[str, Use]) -> None:
        for secret_id, use in batch.items():
            if secret_id not in stored or use.at >= stored[secret_id].at:
                stored[secret_id] = use

    last = LastUsed(write, Report(HeldClock(NOON)))
    newest: dict[str, int] = {}
    for secret_id, second, flush in steps:
        last.record(secret_id, NOON + timedelta(seconds=second), str(second))
        newest[secret_id] = max(second, newest.get(secret_id, 0))
        if flush:
            last.flush()
    last.flush()
    assert {key: use.source for key, use in stored.items()} == {
        key: str(second) for key, second in newest.items()
    }
