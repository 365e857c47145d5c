"""What the programs share: being asked to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from cli.actions.run import stop_event

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    # Whoever started the tests with nohup has the third ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_asks_to_stop(number: signal.Signals) -> None:
    stop = stop_event()
    assert not stop.is_set()
    signal.raise_signal(number)
    assert stop.wait(10)


def test_a_closed_terminal_is_ignored_where_it_was() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = stop_event()
    signal.raise_signal(signal.SIGHUP)
    assert not stop.is_set()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.timeout(20)
def test_signals_in_the_middle_of_waiting_do_not_lock() -> None:
    stop = stop_event()
    with stop._cond:  # type: ignore[attr-defined]
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert stop.wait(10)
