"""Moving the clock: only forward, in strides, one at a time, and what is due happens in order."""

from __future__ import annotations

import threading
import time

import pytest

from sandbox.base.clock import MovableClock
from sandbox.base.time_machine import DAY, DEFAULT_LEAPS, Leap, TimeMachine
from sandbox.sandbox import Sandbox
from sandbox.state.models import Flow
from tests.sandbox.page.demo_app import MANIFEST

_2026 = 1_767_225_600.0


def _clock() -> MovableClock:
    clock = MovableClock()
    clock.start_at(_2026)
    return clock


def test_a_clock_that_is_moved_keeps_running() -> None:
    clock = _clock()
    assert clock.now() - _2026 < 60
    before = clock.now()
    clock.advance(3 * DAY)
    time.sleep(0.01)
    assert 3 * DAY < clock.now() - before < 3 * DAY + 60
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_a_long_way_is_gone_in_strides_and_each_is_settled() -> None:
    clock, stops = _clock(), list[float]()
    machine = TimeMachine(clock, settle=lambda: stops.append(clock.now()))
    assert machine.leap(DEFAULT_LEAPS[1])
    assert [round((stop - _2026) / DAY) for stop in stops] == [1, 2, 3, 4, 5, 6, 7]


def test_it_never_goes_back() -> None:
    machine = TimeMachine(_clock())
    with pytest.raises(ValueError, match="backwards"):
        machine.move_to(_2026 - DAY)
    assert not machine.is_moving
    assert machine.leap(Leap("Nowhere", lambda _: None)) is False


def test_two_users_do_not_move_it_at_once() -> None:
    settles, goes_on = threading.Event(), threading.Event()

    def settle() -> None:
        settles.set()
        assert goes_on.wait(5)

    machine = TimeMachine(_clock(), settle=settle)
    first = threading.Thread(target=machine.leap, args=(DEFAULT_LEAPS[0],))
    first.start()
    assert settles.wait(5)
    assert machine.leap(DEFAULT_LEAPS[0]) is False
    goes_on.set()
    first.join()
    assert round((machine.clock.now() - _2026) / DAY) == 1


def test_what_is_under_way_is_answered_before_the_clock_moves() -> None:
    slack = Sandbox(MANIFEST, clock=_clock())
    machine = slack.time_machine
    assert machine is not None
    under_way = slack.traffic.begin(Flow.TO_APP, "block_actions", {}, "in process")
    mover = threading.Thread(target=machine.leap, args=(DEFAULT_LEAPS[0],))
    before = slack.workspace.clock.now()
    mover.start()
    time.sleep(0.4)
    assert slack.workspace.clock.now() - before < DAY
    slack.traffic.finish(under_way, 200, None)
    mover.join(5)
    assert slack.workspace.clock.now() - before > DAY


def test_only_a_movable_clock_has_a_time_machine() -> None:
    assert Sandbox(MANIFEST).time_machine is None
    slack = Sandbox(MANIFEST, clock=_clock())
    machine = slack.time_machine
    assert machine is not None
    seen: list[int] = []
    slack.workspace.subscribe(lambda: seen.append(slack.workspace.version))
    machine.leap(DEFAULT_LEAPS[0])
    assert seen  # the pages show the new date
