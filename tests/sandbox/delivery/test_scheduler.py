"""Things to do at a moment of the clock: none too early, all in order, whatever else fails."""

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
def schedule(clock: HeldClock) -> Iterator[Scheduler]:
    schedule = Scheduler(clock)
    yield schedule
    schedule.close()


def test_in_the_order_of_their_moments_and_none_too_early(
    schedule: Scheduler, clock: HeldClock
) -> None:
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    schedule.run_at(1020, lambda: done.put("later"))
    schedule.run_at(1010, lambda: done.put("sooner"))
    schedule.run_at(1000, lambda: done.put("now"))
    assert done.get(timeout=5) == "now"
    clock.advance(9)
    schedule.run_at(1005, lambda: done.put("past"))
    assert done.get(timeout=5) == "past"
    clock.advance(100)
    assert [done.get(timeout=5), done.get(timeout=5)] == ["sooner", "later"]


def test_what_fails_is_logged_and_the_rest_is_done(
    schedule: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    schedule.run_at(1000, lambda: schedule.run_at(1 / 0, schedule.close))
    schedule.run_at(1000, lambda: done.put("the rest"))
    assert done.get(timeout=5) == "the rest"
    assert "could not be done" in caplog.text


def test_once_closed_nothing_is_done(schedule: Scheduler, clock: HeldClock) -> None:
    done: list[str] = []
    schedule.run_at(1010, lambda: done.append("planned before"))
    schedule.close()
    schedule.run_at(1000, lambda: done.append("planned after"))
    clock.advance(100)
    assert done == []


def test_by_the_machines_clock_too() -> None:
    done: queue.SimpleQueue[float] = queue.SimpleQueue()
    schedule, due = Scheduler(SystemClock()), time.time() + 0.05
    schedule.run_at(due, lambda: done.put(time.time()))
    assert done.get(timeout=5) >= due
    schedule.close()
