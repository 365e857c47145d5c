"""What the programs share: being asked to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from apikeys.serving import asked_to_stop

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_asks_to_stop(number: signal.Signals) -> None:
    stop = asked_to_stop()
    assert not stop.is_set()
    signal.raise_signal(number)
    assert stop.wait(10)


@pytest.mark.timeout(20)
def test_signals_in_the_middle_of_waiting_do_not_lock() -> None:
    stop = asked_to_stop()
    with stop._cond:  # as the main thread holds it for a moment, each time that it waits
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert stop.wait(10)
