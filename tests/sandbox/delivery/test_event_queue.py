"""Which events are retried, and when: with a held clock, and a function as the app."""

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
    """A scheduler that runs nothing: it records the work for the test."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__(clock)
        self.tasks: list[tuple[float, Callable[[], None]]] = []

    def run_at(self, due_at: float, work: Callable[[], None]) -> None:
        self.tasks.append((due_at, work))


class Harness:
    """An app with planned answers, and an event queue."""

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
        """Return in how many seconds work is due, once all events were delivered."""
        self.event_queue.close()
        return [moment - self.clock.now() for moment, _ in self.scheduler.tasks]


def test_an_acknowledged_event_is_delivered_once() -> None:
    harness = Harness(None)
    harness.event_queue.put(EVENT)
    assert harness.due() == []
    assert harness.retries == [None]


@pytest.mark.parametrize("code", ["operation_timeout", "dispatch_failed", "http_service_error"])
def test_an_event_without_acknowledgement_is_retried_at_once(code: str) -> None:
    harness = Harness(NotAcknowledged(code))  # type: ignore[arg-type]  # one of the three words
    harness.event_queue.put(EVENT)
    assert harness.due() == [0]


def test_an_app_can_refuse_retries() -> None:
    harness = Harness(NotAcknowledged("http_service_error", status=500, final=True))
    harness.event_queue.put(EVENT)
    assert harness.due() == []


def test_a_lost_event_is_retried() -> None:
    harness = Harness()
    harness.faults.drop_next_delivery()
    harness.event_queue.put(EVENT)
    assert harness.due() == [0]
    assert harness.retries == []
