"""Deliver to the app and wait for its acknowledgement, 3 s at most.

A transport carries the delivery: a function of this process, a web socket, or HTTP.
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
"""The app's answer: JSON, text, or None for a bare acknowledgement."""

Kind = str
"""``slash_commands``, ``interactive`` or ``events_api``."""

Refusal = Literal["operation_timeout", "dispatch_failed", "http_service_error"]


class NotAcknowledged(SandboxError):
    """The app did not acknowledge; `code` is Slack's word for the reason.

    Args:
        code: ``operation_timeout`` (no answer in 3 s), ``dispatch_failed`` (the app could not be
            reached), ``http_service_error`` (it answered with another status than 2xx).
        status: the HTTP status of its answer, None where none came.
        final: the app asks for no further retry.
    """

    def __init__(self, code: Refusal, *, status: int | None = None, final: bool = False) -> None:
        super().__init__(code)
        self.code: Refusal = code
        self.status = status
        self.final = final


@dataclass(frozen=True)
class Retry:
    """The retry of an event: for the `number`\\ th time, and why the last try failed.

    `reason` is the code of the last `NotAcknowledged`; each transport sends it in its form.
    """

    number: int
    reason: Refusal


@dataclass(frozen=True)
class Delivery:
    """One delivery to the app: a body, its kind, and which retry it is."""

    body: Json
    kind: Kind
    retry: Retry | None = None


Transport = Callable[[Delivery], Ack]
"""Carries a delivery to the app and returns its answer. Raises `NotAcknowledged` when there is
none; any other error is the transport's own fault and reaches the caller of `deliver`."""

Deliverer = Callable[[Json, Kind], Ack]
"""A function of this process that gets a body and its kind, and returns the app's answer."""


def by_function(deliverer: Deliverer) -> Transport:
    """Return a transport that passes every delivery to `deliverer`."""
    return lambda delivery: deliverer(delivery.body, delivery.kind)


class Dispatcher:
    """Delivers to the app by the transport that is set, and records each delivery.

    Args:
        clock: an acknowledgement after 3 s of this clock is too late. So is one after 3 s of real
            time, so that an app that hangs blocks nothing.
        faults: decides whether the next delivery is lost, doubled or late.
        traffic: records every delivery.
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
        """Deliver once (twice or not at all if a fault is planned) and return the first answer.

        Args:
            body: what the app gets.
            name: its name in the traffic, such as ``block_actions``.
            retry: which retry of an event it is.
            transport: used instead of the one that is set.

        Raises:
            NotAcknowledged: no acknowledgement came in time.
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
        acks = [self._deliver_once(delivery, transport, fault.seconds) for _ in range(fault.times)]
        if not acks:
            raise NotAcknowledged("operation_timeout")
        return acks[0]

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
    """Return what `work` returns within so many real seconds; later results are ignored."""
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
