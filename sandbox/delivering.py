"""Delivering to the app and waiting for its acknowledgement, 3 s at most.

How a delivery travels is the deliverer's affair: a function of this process, a web socket, HTTP.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Literal

from sandbox.clock import Clock
from sandbox.errors import SandboxError
from sandbox.faults import Faults
from sandbox.model import Flow, Json
from sandbox.traffic import TrafficLog

_log = logging.getLogger(__name__)

ACK_SECONDS = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response"""

Ack = Json | str | None
"""What the app answered: JSON, text, or nothing but the acknowledgement."""

Deliverer = Callable[[Json, str], Ack]
"""Takes a body and its kind (``slash_commands``, ``interactive``, ``events_api``) to the app, and
gives its answer. Raises `NotAcknowledged` when there is none; any other error is the deliverer's
own fault and reaches whoever caused the delivery."""

Refusal = Literal["operation_timeout", "dispatch_failed", "http_service_error"]


class NotAcknowledged(SandboxError):
    """The app did not acknowledge; `code` is the word that Slack has for why.

    Args:
        code: ``operation_timeout`` (no answer in 3 s), ``dispatch_failed`` (the app could not be
            reached), ``http_service_error`` (it answered with another status than 2xx).
    """

    def __init__(self, code: Refusal) -> None:
        super().__init__(code)
        self.code: Refusal = code


class Courier:
    """Takes deliveries to the app by whatever deliverer is set, and notes them as traffic.

    Args:
        clock: an acknowledgement that comes after 3 s of this clock comes too late. Real time is
            a limit too, so that an app that hangs is not waited for longer.
        faults: whether the next delivery is lost or doubled.
        traffic: where everything is noted.
    """

    def __init__(self, clock: Clock, faults: Faults, traffic: TrafficLog) -> None:
        self._clock = clock
        self._faults = faults
        self._traffic = traffic
        self._events = ThreadPoolExecutor(max_workers=1, thread_name_prefix="events to the app")
        self.deliverer: Deliverer | None = None

    def deliver(self, body: Json, kind: str, name: str) -> Ack:
        """Deliver once (twice, or not at all, if a fault says so); the first answer counts.

        Args:
            body: what the app gets.
            kind: ``slash_commands``, ``interactive`` or ``events_api``.
            name: what the traffic calls it, such as ``block_actions``.

        Raises:
            NotAcknowledged: no acknowledgement came, or it came too late.
        """
        times = self._faults.next_delivery()
        entry = self._traffic.begin(Flow.TO_APP, name, body, kind)
        try:
            answer = self._times(times, body, kind)
        except BaseException as error:
            self._traffic.finish(entry, None, str(error))
            raise
        self._traffic.finish(entry, 200, answer)
        return answer

    def tell(self, body: Json) -> None:
        """Deliver an event in the background, after those told of before.

        An event that the app does not acknowledge is seen as such in the traffic.
        """
        self._events.submit(self._tell_now, body).add_done_callback(_report)

    def close(self) -> None:
        """Wait for the events under way; none is delivered afterwards."""
        self._events.shutdown(wait=True)

    def _tell_now(self, body: Json) -> None:
        try:
            self.deliver(body, "events_api", body["event"]["type"])
        except NotAcknowledged:
            return  # `deliver` has noted it, and nobody in the workspace waits for an event

    def _times(self, times: int, body: Json, kind: str) -> Ack:
        answers = [self._once(body, kind) for _ in range(times)]
        if not answers:
            raise NotAcknowledged("operation_timeout")
        return answers[0]

    def _once(self, body: Json, kind: str) -> Ack:
        deliverer = self.deliverer
        if deliverer is None:
            raise NotAcknowledged("dispatch_failed")
        began = self._clock.now()
        answer = _within(ACK_SECONDS, lambda: deliverer(body, kind))
        if self._clock.now() - began > ACK_SECONDS:
            raise NotAcknowledged("operation_timeout")
        return answer


def _within(seconds: float, work: Callable[[], Ack]) -> Ack:
    """What `work` gives within so many real seconds; what it does later is not looked at."""
    done: Future[Ack] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, name="delivery to the app", daemon=True).start()
    finished, _ = wait([done], timeout=seconds)
    if not finished:
        raise NotAcknowledged("operation_timeout")
    return done.result()


def _report(told: Future[None]) -> None:
    """A broken deliverer is the sandbox user's to mend: nobody else hears of it for an event."""
    error = None if told.cancelled() else told.exception()
    if error is not None:
        _log.error("an event could not be delivered", exc_info=error)
