"""Which events are told again, and when: by a held clock, with an app that is a function."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.base.clock import HeldClock
from sandbox.delivery.dispatcher import Ack, Delivery, Dispatcher, NotAcknowledged, Retry
from sandbox.delivery.event_queue import EventQueue
from sandbox.delivery.faults import Faults
from sandbox.delivery.scheduler import Scheduler
from sandbox.state.traffic import TrafficLog

EVENT = {"event": {"type": "app_home_opened"}}


class RecordingScheduler(Scheduler):
    """A schedule that does nothing by itself: the test looks at what is planned, and does it."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__(clock)
        self.tasks: list[tuple[float, Callable[[], None]]] = []

    def run_at(self, due_at: float, work: Callable[[], None]) -> None:
        self.tasks.append((due_at, work))


class Harness:
    """An app that gives the answers it is told to, and a teller."""

    def __init__(self, *answers: NotAcknowledged | Ack) -> None:
        self.clock = HeldClock()
        self.faults = Faults()
        self.scheduler = RecordingScheduler(self.clock)
        self.retries: list[Retry | None] = []
        self._answers = list(answers)
        self.dispatcher = Dispatcher(self.clock, self.faults, TrafficLog(self.clock))
        self.dispatcher.transport = self._take
        self.event_queue = EventQueue(self.clock, self.dispatcher, self.scheduler)

    def _take(self, delivery: Delivery) -> Ack:
        self.retries.append(delivery.retry)
        answer = self._answers.pop(0)
        if isinstance(answer, NotAcknowledged):
            raise answer
        return answer

    def due(self) -> list[float]:
        """In how many seconds something is planned, once all that was told has arrived."""
        self.event_queue.close()
        return [moment - self.clock.now() for moment, _ in self.scheduler.tasks]


def test_an_acknowledged_event_is_told_once() -> None:
    harness = Harness(None)
    harness.event_queue.put(EVENT)
    assert harness.due() == []
    assert harness.retries == [None]


@pytest.mark.parametrize("code", ["operation_timeout", "dispatch_failed", "http_service_error"])
def test_one_that_is_not_is_told_again_at_once(code: str) -> None:
    harness = Harness(NotAcknowledged(code))  # type: ignore[arg-type]  # one of the three words
    harness.event_queue.put(EVENT)
    assert harness.due() == [0]


def test_an_app_may_ask_not_to_be_told_again() -> None:
    harness = Harness(NotAcknowledged("http_service_error", status=500, final=True))
    harness.event_queue.put(EVENT)
    assert harness.due() == []


def test_a_lost_event_is_told_again() -> None:
    harness = Harness()
    harness.faults.drop_next_delivery()
    harness.event_queue.put(EVENT)
    assert harness.due() == [0]
    assert harness.retries == []
