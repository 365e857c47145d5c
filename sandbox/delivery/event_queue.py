"""Deliver events to the app in order, in the background, with Slack's retries.

See https://docs.slack.dev/apis/events-api/#error-handling.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from sandbox.base.clock import Clock
from sandbox.delivery.dispatcher import Dispatcher, NotAcknowledged, Retry
from sandbox.delivery.failure_limit import FailureLimit
from sandbox.delivery.scheduler import Scheduler
from sandbox.state.models import Json
from sandbox.state.restrictions import Restrictions

_log = logging.getLogger(__name__)

OLDEST = 2 * 3600.0
"""The age in seconds at which an undelivered event is lost, where Slack loses it."""
_DELAYED_SECONDS, _DELAYED_DAY = 3600.0, 24 * 3600.0
"""How often a "delayed event" is retried, and for how long, in seconds."""
RETRY_SECONDS = (0.0, 60.0, 300.0)
"""When to retry an event: at once, after one minute, after five; by the workspace's clock."""


class EventQueue:
    """Passes events to the dispatcher, one after another.

    Args:
        clock: decides when a retry is due.
        dispatcher: delivers them to the app.
        scheduler: runs the retries.
        restrictions: whether old events are lost, or retried for a day.
    """

    def __init__(
        self,
        clock: Clock,
        dispatcher: Dispatcher,
        scheduler: Scheduler,
        restrictions: Restrictions | None = None,
    ) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._scheduler = scheduler
        self._restrictions = restrictions or Restrictions()
        self.failure_limit = FailureLimit(clock, self._restrictions)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="events to the app")
        self._closed = False

    def put(self, body: Json) -> None:
        """Deliver an event in the background, after the earlier ones.

        One that the app does not acknowledge is retried up to three times; the traffic shows each
        try.
        """
        self._submit(body, None)

    def close(self) -> None:
        """Wait for pending events; none is delivered afterwards."""
        self._closed = True
        self._executor.shutdown(wait=True)

    def _submit(self, body: Json, retry: Retry | None) -> None:
        if not self._closed:
            self._executor.submit(self._deliver_now, body, retry).add_done_callback(_report)

    def _deliver_now(self, body: Json, retry: Retry | None) -> None:
        started_at = self._clock.now()
        age = started_at - body.get("event_time", started_at)
        if self.failure_limit.is_off or (self._restrictions.loses_old_events and age > OLDEST):
            return
        try:
            self._dispatcher.deliver(body, "events_api", body["event"]["type"], retry=retry)
        except NotAcknowledged as error:
            self.failure_limit.count(failed=True)
            number = retry.number + 1 if retry else 1
            wait = self._wait(number, age)
            if wait is None or error.final:
                return  # the traffic shows the failure, and no user waits for an event
            next_try = Retry(number, error.code)
            self._scheduler.run_at(started_at + wait, lambda: self._submit(body, next_try))
        else:
            self.failure_limit.count(failed=False)

    def _wait(self, number: int, age: float) -> float | None:
        """Return the seconds until a retry, given its number and the event's age; None for none."""
        if number <= len(RETRY_SECONDS):
            return RETRY_SECONDS[number - 1]
        delayed = self._restrictions.delayed_events and age + _DELAYED_SECONDS <= _DELAYED_DAY
        return _DELAYED_SECONDS if delayed else None


def _report(delivery: Future[None]) -> None:
    """Log an error of the transport: no caller waits for an event."""
    error = None if delivery.cancelled() else delivery.exception()
    if error is not None:
        _log.error("an event could not be delivered", exc_info=error)
