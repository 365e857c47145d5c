"""Delivering to the app and waiting for its acknowledgement, 3 s at most.

How a delivery travels is the transport's affair: a function of this process, a web socket, HTTP.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Literal

from sandbox.base.clock import Clock
from sandbox.base.errors import SandboxError
from sandbox.delivery.faults import DeliveryFault, Faults
from sandbox.state.models import Flow, Json
from sandbox.state.traffic import TrafficLog

ACK_SECONDS = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response"""

Ack = Json | str | None
"""What the app answered: JSON, text, or nothing but the acknowledgement."""

Kind = str
"""``slash_commands``, ``interactive`` or ``events_api``."""

Refusal = Literal["operation_timeout", "dispatch_failed", "http_service_error"]


class NotAcknowledged(SandboxError):
    """The app did not acknowledge; `code` is the word that Slack has for why.

    Args:
        code: ``operation_timeout`` (no answer in 3 s), ``dispatch_failed`` (the app could not be
            reached), ``http_service_error`` (it answered with another status than 2xx).
        status: the HTTP status of its answer, None where none came.
        final: the app asks not to be told again.
    """

    def __init__(self, code: Refusal, *, status: int | None = None, final: bool = False) -> None:
        super().__init__(code)
        self.code: Refusal = code
        self.status = status
        self.final = final


@dataclass(frozen=True)
class Retry:
    """An event told again: for the `number`\\ th time, because of what happened before.

    `reason` is the code of the `NotAcknowledged` before; each transport has its own words for it.
    """

    number: int
    reason: Refusal


@dataclass(frozen=True)
class Delivery:
    """What goes to the app at once: a body, its kind, and for the how manyth time."""

    body: Json
    kind: Kind
    retry: Retry | None = None


Transport = Callable[[Delivery], Ack]
"""Takes a delivery to the app, and gives its answer. Raises `NotAcknowledged` when there is none;
any other error is the transport's own fault and reaches whoever caused the delivery."""

Deliverer = Callable[[Json, Kind], Ack]
"""The simplest transport, a function of this process: it takes a body and its kind."""


def by_function(deliverer: Deliverer) -> Transport:
    """The transport that hands everything to `deliverer`."""
    return lambda delivery: deliverer(delivery.body, delivery.kind)


class Dispatcher:
    """Takes deliveries to the app by whatever transport is set, and notes them as traffic.

    Args:
        clock: an acknowledgement that comes after 3 s of this clock comes too late. Real time is
            a limit too, so that an app that hangs is not waited for longer.
        faults: whether the next delivery is lost, doubled or late.
        traffic: where everything is noted.
    """

    def __init__(self, clock: Clock, faults: Faults, traffic: TrafficLog) -> None:
        self._clock = clock
        self._faults = faults
        self._traffic = traffic
        self.transport: Transport | None = None

    def deliver(
        self,
        body: Json,
        kind: Kind,
        name: str,
        *,
        retry: Retry | None = None,
        transport: Transport | None = None,
    ) -> Ack:
        """Deliver once (twice, or not at all, if a fault says so); the first answer counts.

        Args:
            body: what the app gets.
            name: what the traffic calls it, such as ``block_actions``.
            retry: says so where it has been delivered before.
            transport: how it travels, where that is not as set.

        Raises:
            NotAcknowledged: no acknowledgement came, or it came too late.
        """
        fault = self._faults.next_delivery()
        entry = self._traffic.begin(Flow.TO_APP, name, body, kind)
        delivery, chosen_transport = Delivery(body, kind, retry), transport or self.transport
        try:
            answer = self._deliver_with_fault(fault, delivery, chosen_transport)
        except BaseException as error:
            status = error.status if isinstance(error, NotAcknowledged) else None
            self._traffic.finish(entry, status, str(error))
            raise
        self._traffic.finish(entry, 200, answer)
        return answer

    def _deliver_with_fault(
        self, fault: DeliveryFault, delivery: Delivery, transport: Transport | None
    ) -> Ack:
        answers = [
            self._deliver_once(delivery, transport, fault.seconds) for _ in range(fault.times)
        ]
        if not answers:
            raise NotAcknowledged("operation_timeout")
        return answers[0]

    def _deliver_once(self, delivery: Delivery, transport: Transport | None, delay: float) -> Ack:
        if transport is None:
            raise NotAcknowledged("dispatch_failed")

        def send() -> Ack:
            time.sleep(delay)
            return transport(delivery)

        started_at = self._clock.now()
        answer = _run_within(ACK_SECONDS, send)
        if self._clock.now() - started_at > ACK_SECONDS:
            raise NotAcknowledged("operation_timeout")
        return answer


def _run_within(seconds: float, work: Callable[[], Ack]) -> Ack:
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
