"""What the routes share: checker, limits, report, metrics, clock, and the record of uses."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import ALLOWED, Metrics
from gateway.base.options import Options
from gateway.cache.verdict_cache import CachedKey
from gateway.request.client_address import Origin
from gateway.usage.usage_recorder import UsageCounter
from gateway.verification.key_limits import Limiter
from gateway.verification.verifier import Answer, Verifier
from runtime.clock import Clock


class UsageSink(Protocol):
    """Remembers when, from where and how often each secret was used."""

    def note(self, counter: UsageCounter, at: float, origin: Origin) -> None:
        """Notes one use. Returns at once."""
        ...

    def start(self) -> None:
        """Begins to write what was noted, now and then."""
        ...

    def stop(self) -> None:
        """Writes what is still unwritten, and ends. Blocks."""
        ...


class BackgroundTasks(Protocol):
    """Work that goes on beside the requests: following changes, telling that one is there."""

    def start(self) -> Awaitable[None]:
        """Begins, in the running event loop. Raises StorageUnavailable if it cannot."""
        ...

    def stop(self) -> Awaitable[None]:
        """Ends."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a route needs to decide about a request."""

    verifier: Verifier
    log: GatewayLog
    clock: Clock
    options: Options
    usage_recorder: UsageSink
    ready: Callable[[], None]
    background_tasks: BackgroundTasks | None = None
    metrics: Metrics = field(default_factory=Metrics)
    limiter: Limiter = field(default_factory=Limiter)

    async def check(self, presented: str) -> Answer:
        """Verifies a text. Raises Unavailable if that is not possible now."""
        answer = await self.verifier.check(presented)
        self.log.available()
        return answer

    def used(self, cached: CachedKey, source: str) -> None:
        """Notes that a key was let in; `source` is the address that is believed."""
        self.metrics.count(ALLOWED)
        self.usage_recorder.note(cached, self.clock.timestamp(), ((source, 0), None))

    def refused(
        self,
        reason: str,
        *,
        endpoint: str,
        source: str,
        key_id: str | None = None,
        required_scopes: frozenset[str] = frozenset(),
    ) -> None:
        """Notes that a request was not let in; see `Report.refused`."""
        self.metrics.count(reason)
        self.log.refused(
            reason, endpoint=endpoint, source=source, key_id=key_id, required_scopes=required_scopes
        )

    async def start(self) -> None:
        """Begins the work beside the requests."""
        if self.background_tasks is not None:
            await self.background_tasks.start()
        self.usage_recorder.start()
        self.log.note(logging.INFO, "started")

    async def stop_background_tasks(self) -> None:
        """Ends what runs in the event loop; nothing is answered from memory afterwards."""
        if self.background_tasks is not None:
            await self.background_tasks.stop()

    def stop(self) -> None:
        """Ends the rest, after the last verification and the last writing. Blocks."""
        self.verifier.close()
        self.usage_recorder.stop()
        self.log.note(logging.INFO, "stopped")
