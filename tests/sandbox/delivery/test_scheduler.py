"""Scheduled work: never early, in order, and unaffected by failures of other work."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator

import pytest

from sandbox.base.clock import HeldClock, SystemClock
from sandbox.delivery.scheduler import Scheduler


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(1000)


@pytest.fixture
def scheduler(clock: HeldClock) -> Iterator[Scheduler]:
    scheduler = Scheduler(clock)
    yield scheduler
    scheduler.close()


def test_in_the_order_of_their_moments_and_none_too_early(
    scheduler: Scheduler, clock: HeldClock
) -> None:
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    scheduler.run_at(1020, lambda: done.put("later"))
    scheduler.run_at(1010, lambda: done.put("sooner"))
    scheduler.run_at(1000, lambda: done.put("now"))
    assert done.get(timeout=5) == "now"
    clock.advance(9)
    scheduler.run_at(1005, lambda: done.put("past"))
    assert done.get(timeout=5) == "past"
    clock.advance(100)
    assert [done.get(timeout=5), done.get(timeout=5)] == ["sooner", "later"]


def test_what_fails_is_logged_and_the_rest_is_done(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    scheduler.run_at(1000, lambda: scheduler.run_at(1 / 0, scheduler.close))
    scheduler.run_at(1000, lambda: done.put("the rest"))
    assert done.get(timeout=5) == "the rest"
    assert "scheduled work failed" in caplog.text


def test_once_closed_nothing_is_done(scheduler: Scheduler, clock: HeldClock) -> None:
    done: list[str] = []
    scheduler.run_at(1010, lambda: done.append("planned before"))
    scheduler.close()
    scheduler.run_at(1000, lambda: done.append("planned after"))
    clock.advance(100)
    assert done == []


def test_by_the_machines_clock_too() -> None:
    done: queue.SimpleQueue[float] = queue.SimpleQueue()
    scheduler, due = Scheduler(SystemClock()), time.time() + 0.05
    scheduler.run_at(due, lambda: done.put(time.time()))
    assert done.get(timeout=5) >= due
    scheduler.close()
