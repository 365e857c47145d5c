"""Stopping ends in time, whatever hangs; and where a program listens names it alone."""

from __future__ import annotations

import threading

import pytest

from runtime.listening import listening_id
from runtime.stopping import abandoned, finishes, until_stopped


def test_what_ends_in_time_has_ended() -> None:
    done: list[int] = []
    assert finishes(lambda: done.append(1), 10)
    assert done == [1]


def test_what_hangs_is_abandoned() -> None:
    go_on = threading.Event()
    assert not finishes(lambda: go_on.wait(10), 0.01)
    go_on.set()


def test_what_fails_in_time_fails() -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        finishes(fail, 10)


@pytest.mark.parametrize("error", [KeyError("x"), TimeoutError("x")])
def test_what_is_not_stopped_returns_or_fails(error: Exception) -> None:
    def fail() -> None:
        raise error

    stop = threading.Event()
    assert until_stopped(lambda: 1, stop) == 1
    with pytest.raises(type(error)):
        until_stopped(fail, stop)


def test_what_hangs_is_left_when_the_program_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.stopping.STOP_SECONDS", 0.05)
    go_on, stop = threading.Event(), threading.Event()
    threading.Timer(0.05, stop.set).start()
    assert until_stopped(lambda: go_on.wait(10), stop) is None
    assert abandoned()
    go_on.set()


def test_what_ends_soon_after_the_stop_has_ended() -> None:
    go_on, stop = threading.Event(), threading.Event()
    stop.set()
    threading.Timer(0.05, go_on.set).start()
    assert until_stopped(lambda: go_on.wait(10), stop) is True


def test_a_place_is_of_one_address_and_port() -> None:
    places = [listening_id(at) for at in ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.2:1")]
    assert len(set(places)) == 3
    assert listening_id("127.0.0.1:1") == places[0]


def test_a_port_that_the_system_chooses_is_no_place() -> None:
    assert listening_id("127.0.0.1:0") == ""
