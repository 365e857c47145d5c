"""Hold what the routes share: verifier, limits, log, metrics, clock and usage recorder."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.base.client_address import Origin, coarse
from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import ALLOWED, Metrics
from gateway.base.options import Options
from gateway.cache.verdict_cache import CachedKey
from gateway.usage.usage_recorder import UsageCounter
from gateway.verification.key_limits import Limiter
from gateway.verification.verifier import Answer, Verifier
from runtime.clock import Clock


class UsageSink(Protocol):
    """Records when, from where and how often each secret was used."""

    def record(self, counter: UsageCounter, at: float, origin: Origin) -> None:
        """Record one use. Returns immediately."""
        ...

    def start(self) -> None:
        """Start to write recorded uses at intervals."""
        ...

    def stop(self) -> None:
        """Write what is unwritten, and stop. Blocks."""
        ...


class BackgroundTasks(Protocol):
    """Work besides the requests: cache invalidation, heartbeat, rehashing."""

    def start(self) -> Awaitable[None]:
        """Start, in the running event loop. Raises StorageUnavailable if that fails."""
        ...

    def stop(self) -> Awaitable[None]:
        """Stop."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What a route needs to decide about a request."""

    verifier: Verifier
    log: GatewayLog
    clock: Clock
    options: Options
    usage_recorder: UsageSink
    ready: Callable[[], None]
    unwritable: Callable[[], str] = lambda: ""
    background_tasks: BackgroundTasks | None = None
    metrics: Metrics = field(default_factory=Metrics)
    limiter: Limiter = field(default_factory=Limiter)

    async def check(self, presented: str) -> Answer:
        """Verify a presented text. Raises Unavailable if that is not possible now."""
        answer = await self.verifier.check(presented)
        self.log.available()
        return answer

    def record_accepted(self, cached: CachedKey, source: str) -> None:
        """Count an accepted request, and record the use from this address."""
        self.metrics.count(ALLOWED)
        self.usage_recorder.record(cached, self.clock.timestamp(), source)

    def record_refused(
        self,
        reason: str,
        *,
        endpoint: str,
        source: str,
        key_id: str | None = None,
        required_scopes: frozenset[str] = frozenset(),
    ) -> None:
        """Count and log a refused request; see `GatewayLog.refused`."""
        self.metrics.count(reason)
        self.log.refused(
            reason,
            endpoint=endpoint,
            source=source,
            network=coarse(source),
            key_id=key_id,
            required_scopes=required_scopes,
        )

    def record_connection(self, reason: str, peer: str) -> None:
        """Count and log a connection that was refused or cut; see `runtime.connection_limits`."""
        self.record_refused(reason, endpoint="", source=peer)

    async def start(self) -> None:
        """Start the background tasks and the usage recorder."""
        if self.background_tasks is not None:
            await self.background_tasks.start()
        self.usage_recorder.start()
        self.log.event(logging.INFO, "started")

    async def stop_background_tasks(self) -> None:
        """Stop the background tasks; no reply comes from the cache afterwards."""
        if self.background_tasks is not None:
            await self.background_tasks.stop()

    def stop(self) -> None:
        """Stop the rest, after the last verification and the last write. Blocks."""
        self.verifier.close()
        self.usage_recorder.stop()
        self.log.sum_up(finally_=True)
        self.log.event(logging.INFO, "stopped")
