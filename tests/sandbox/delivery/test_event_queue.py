"""Which events are retried, and when: with a held clock, and a function as the app."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.base.clock import HeldClock
from sandbox.delivery.dispatcher import Ack, Delivery, Dispatcher, NotAcknowledged, Retry
from sandbox.delivery.event_queue import OLDEST, EventQueue
from sandbox.delivery.failure_limit import FailureLimit
from sandbox.delivery.faults import Faults
from sandbox.delivery.scheduler import Scheduler
from sandbox.state.restrictions import Restrictions
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


def _old_event(age: float, restrictions: Restrictions) -> Harness:
    """Deliver an event of this age, in seconds, to an app that does not answer."""
    harness = Harness(*[NotAcknowledged("dispatch_failed")] * 30)
    harness.event_queue = EventQueue(
        harness.clock, harness.dispatcher, harness.scheduler, restrictions
    )
    harness.event_queue.put(EVENT | {"event_time": harness.clock.now() - age})
    return harness


@pytest.mark.parametrize(("age", "tries"), [(OLDEST, 1), (OLDEST + 1, 0)])
def test_an_event_older_than_two_hours_is_lost(age: float, tries: int) -> None:
    harness = _old_event(age, Restrictions(loses_old_events=True))
    harness.due()
    assert len(harness.retries) == tries


def test_a_delayed_event_is_retried_each_hour_for_a_day() -> None:
    harness = _old_event(0, Restrictions(delayed_events=True))
    waits: list[float] = []
    for _ in range(40):
        harness.event_queue._executor.submit(lambda: None).result()
        if len(harness.scheduler.tasks) == len(waits):
            break
        due_at, work = harness.scheduler.tasks[-1]
        waits.append(due_at - harness.clock.now())
        harness.clock.advance(waits[-1])
        work()
    assert waits[:4] == [0, 60, 300, 3600]
    assert set(waits[4:]) == {3600}
    assert 23 * 3600 < sum(waits) <= 24 * 3600
    harness.event_queue.close()


def test_too_many_failures_switch_the_subscriptions_off() -> None:
    clock, restrictions = HeldClock(), Restrictions(switches_events_off=True)
    limit = FailureLimit(clock, restrictions)
    for _ in range(999):
        limit.count(failed=True)
    assert not limit.is_off  # fewer than 1,000 in an hour
    limit.count(failed=True)
    assert limit.is_off
    limit.switch_on()
    for number in range(2000):
        limit.count(failed=number % 20 != 0)  # 95 % is not over 95 %
    assert not limit.is_off
    clock.advance(3600)
    limit.count(failed=True)
    assert not limit.is_off


def test_nothing_is_delivered_while_subscriptions_are_off() -> None:
    harness = Harness(None)
    harness.event_queue.failure_limit.is_off = True
    harness.event_queue.put(EVENT)
    assert (harness.due(), harness.retries) == ([], [])
