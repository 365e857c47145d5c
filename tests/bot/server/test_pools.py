"""The pools of threads: what has acknowledged takes no place of what has not; both are bounded.

Before that, a few requests are worked on at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from bot.server.pools import AcknowledgingThreads, ConcurrencyLimit, ListenerThreads, arrived

DEADLINE = 10.0


@pytest.fixture
def threads() -> Iterator[ListenerThreads]:
    made = ListenerThreads(most=2, hard_limit=3)
    yield made
    made.shutdown()


def test_each_listener_has_a_thread_of_its_own_however_many_are_at_work() -> None:
    threads, together = ListenerThreads(), threading.Barrier(100)
    done = [threads.submit(together.wait, DEADLINE) for _ in range(100)]
    assert sorted(each.result(DEADLINE) for each in done) == list(range(100))
    threads.shutdown()
    assert threads.running == 0


def test_it_is_busy_and_then_full_and_neither_when_the_work_has_ended(
    threads: ListenerThreads,
) -> None:
    go = threading.Event()
    found = [(threads.is_busy, threads.is_full)]
    for _ in range(3):
        threads.submit(go.wait, DEADLINE)
        found.append((threads.is_busy, threads.is_full))
    assert found == [(False, False), (False, False), (True, False), (True, True)]
    go.set()
    threads.shutdown()
    assert (threads.is_busy, threads.is_full) == (False, False)


def test_what_a_listener_raises_reaches_the_one_who_waits(threads: ListenerThreads) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.submit(fail).result(DEADLINE)
    threads.shutdown()
    assert threads.running == 0


def test_after_the_end_nothing_starts(threads: ListenerThreads) -> None:
    threads.shutdown()
    with pytest.raises(RuntimeError):
        threads.submit(time.sleep, 0)


def test_events_wait_for_a_few_threads_and_are_no_listeners(threads: ListenerThreads) -> None:
    go = threading.Event()
    with threads.for_event():
        waiting = [threads.submit(go.wait, DEADLINE) for _ in range(100)]
    assert threads.running == 0
    assert threading.active_count() < 50
    assert threads.submit(lambda: "at once").result(DEADLINE) == "at once"
    go.set()
    assert all(each.result(DEADLINE) for each in waiting)


def test_the_time_that_a_request_waited_is_known() -> None:
    go, pool = threading.Event(), AcknowledgingThreads(1)
    pool.submit(go.wait, DEADLINE)
    waited = pool.submit(lambda: time.perf_counter() - arrived())
    time.sleep(0.05)
    go.set()
    assert waited.result(DEADLINE) >= 0.05
    pool.shutdown()


def test_what_never_waited_has_just_arrived() -> None:
    assert time.perf_counter() - arrived() < 1.0


def test_a_few_requests_are_worked_on_at_a_time() -> None:
    limit, guard, at_work, most = ConcurrencyLimit(2, seconds=DEADLINE), threading.Lock(), 0, 0

    def work() -> None:
        nonlocal at_work, most
        with limit.admitted():
            with guard:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.005)
            with guard:
                at_work -= 1

    together = [threading.Thread(target=work) for _ in range(20)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join(DEADLINE)
    assert (at_work, most) == (0, 2)


def test_where_those_at_work_are_slow_the_next_one_goes_ahead_and_counts_for_nothing() -> None:
    limit, go = ConcurrencyLimit(1, seconds=0.01), threading.Event()
    entered = threading.Event()

    def hold() -> None:
        with limit.admitted():
            entered.set()
            go.wait(DEADLINE)

    slow = threading.Thread(target=hold)
    slow.start()
    assert entered.wait(DEADLINE)
    for _ in range(3):
        with limit.admitted():
            pass
    go.set()
    slow.join(DEADLINE)
    # One place is free again, not four: those beyond the limit took no place.
    with limit.admitted():
        assert not limit._free.acquire(blocking=False)


def test_what_fails_is_at_work_no_longer() -> None:
    limit = ConcurrencyLimit(1, seconds=DEADLINE)
    with pytest.raises(ZeroDivisionError), limit.admitted():
        raise ZeroDivisionError
    assert limit._free.acquire(blocking=False)
