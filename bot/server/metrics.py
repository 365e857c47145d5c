"""The bot's metrics, in Prometheus' format."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from slack_bolt import BoltRequest
from slack_sdk.errors import SlackApiError

from bot.server.request_kinds import kind_of
from bot.slack_api.transport import Answer, Calls
from runtime import tracing

CONTENT_TYPE = CONTENT_TYPE_LATEST
# Seconds. Slack waits 3 s for an acknowledgement.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 8.0, 30.0)
_KINDS = {"command", "block_actions", "view_submission", "view_closed", "event_callback"}


class Metrics:
    """The metrics of one process. Safe to share between threads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "apikeys_bot_requests", "What Slack sent, by kind and by the status of the answer.",
            ["kind", "status"], registry=self._registry,
        )  # fmt: skip
        self._acknowledged = Histogram(
            "apikeys_bot_acknowledgement_seconds", "From a request to its acknowledgement.",
            ["kind"], buckets=_BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._busy = Counter(
            "apikeys_bot_busy", "Requests that were refused because the app was busy.",
            registry=self._registry,
        )  # fmt: skip
        self._calls = Counter(
            "apikeys_bot_slack_calls", "Calls to Slack, by method and outcome.",
            ["method", "outcome"], registry=self._registry,
        )  # fmt: skip
        self._call_seconds = Histogram(
            "apikeys_bot_slack_call_seconds", "How long calls to Slack took.",
            buckets=_BUCKETS, registry=self._registry,
        )  # fmt: skip

    def record_request(self, request: BoltRequest, status: int, seconds: float) -> None:
        """Count a request, and record how long its acknowledgement took."""
        kind = _kind(request)
        self._requests.labels(kind, str(status)).inc()
        self._acknowledged.labels(kind).observe(seconds)

    def count_busy(self) -> None:
        """Count a request that was refused because the app is busy."""
        self._busy.inc()

    def instrument(self, transport: Calls) -> Calls:
        """Return a transport that counts and times the calls of this one."""

        def attempt(method: str, args: Answer, *, form: bool, timeout: float) -> Answer:
            started, outcome = time.perf_counter(), "failed"
            try:
                answer = transport(method, args, form=form, timeout=timeout)
            except SlackApiError as error:
                body = error.response.data
                outcome = str(body.get("error") or "failed") if isinstance(body, dict) else "failed"
                raise
            else:
                outcome = "ok"
                return answer
            finally:
                seconds = time.perf_counter() - started
                self._calls.labels(method, outcome).inc()
                self._call_seconds.observe(seconds)
                tracing.spend("slack", seconds)

        return attempt

    def watch(self, name: str, meaning: str, gauge: Callable[[], float]) -> None:
        """Add a gauge that is evaluated when it is read; `name` is without the prefix."""
        Gauge(f"apikeys_bot_{name}", meaning, registry=self._registry).set_function(gauge)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' format."""
        return generate_latest(self._registry)


def _kind(request: BoltRequest) -> str:
    kind = kind_of(request.body or {})
    # Labels must not come from what anyone could send.
    return kind if kind in _KINDS else "other"
