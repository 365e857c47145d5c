"""Which events are told again, and when: by a held clock, with an app that is a function."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.base.clock import HeldClock
from sandbox.delivery.dispatcher import Ack, Delivery, Dispatcher, NotAcknowledged, Retry
from sandbox.delivery.event_queue import EventQueue
from sandbox.delivery.faults import Faults
from sandbox.delivery.scheduler import Schedule
from sandbox.state.traffic import TrafficLog

EVENT = {"event": {"type": "app_home_opened"}}


class Planned(Schedule):
    """A schedule that does nothing by itself: the test looks at what is planned, and does it."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__(clock)
        self.tasks: list[tuple[float, Callable[[], None]]] = []

    def at(self, moment: float, work: Callable[[], None]) -> None:
        self.tasks.append((moment, work))


class Bench:
    """An app that gives the answers it is told to, and a teller."""

    def __init__(self, *answers: NotAcknowledged | Ack) -> None:
        self.clock = HeldClock()
        self.faults = Faults()
        self.planned = Planned(self.clock)
        self.retries: list[Retry | None] = []
        self._answers = list(answers)
        self.courier = Dispatcher(self.clock, self.faults, TrafficLog(self.clock))
        self.courier.transport = self._take
        self.teller = EventQueue(self.clock, self.courier, self.planned)

    def _take(self, delivery: Delivery) -> Ack:
        self.retries.append(delivery.retry)
        answer = self._answers.pop(0)
        if isinstance(answer, NotAcknowledged):
            raise answer
        return answer

    def due(self) -> list[float]:
        """In how many seconds something is planned, once all that was told has arrived."""
        self.teller.close()
        return [moment - self.clock.now() for moment, _ in self.planned.tasks]


def test_an_acknowledged_event_is_told_once() -> None:
    bench = Bench(None)
    bench.teller.tell(EVENT)
    assert bench.due() == []
    assert bench.retries == [None]


@pytest.mark.parametrize("code", ["operation_timeout", "dispatch_failed", "http_service_error"])
def test_one_that_is_not_is_told_again_at_once(code: str) -> None:
    bench = Bench(NotAcknowledged(code))  # type: ignore[arg-type]  # one of the three words
    bench.teller.tell(EVENT)
    assert bench.due() == [0]


def test_an_app_may_ask_not_to_be_told_again() -> None:
    bench = Bench(NotAcknowledged("http_service_error", status=500, final=True))
    bench.teller.tell(EVENT)
    assert bench.due() == []


def test_a_lost_event_is_told_again() -> None:
    bench = Bench()
    bench.faults.drop_next_delivery()
    bench.teller.tell(EVENT)
    assert bench.due() == [0]
    assert bench.retries == []
