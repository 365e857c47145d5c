"""Build the gateway's ASGI application: routing, error replies and lifespan.

It is plain ASGI. A request costs one dictionary look-up, one pass over the headers and one
verification; a framework's routing, request objects and middleware would cost several times that
for a few fixed paths. docs/decisions/gateway-server.md has the numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from types import MappingProxyType
from typing import Protocol

from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Unavailable
from gateway.cache.verdict_cache import VerdictCache
from gateway.routes import fast_path, forward_auth, verify
from gateway.routes.forward_auth import Authz
from gateway.routes.health import Healthz, PartsPage, Readyz
from gateway.routes.metrics_page import MetricsPage
from gateway.routes.openapi import OpenApi
from gateway.routes.services import BackgroundTasks, Services, UsageSink
from gateway.routes.verify import Verify
from gateway.verification.verifier import Verifier
from keys.base.errors import StorageUnavailable
from runtime.clock import Clock
from runtime.connection_limits import ConnectionLimits
from runtime.http_messages import ClientDisconnected, Receive, Refusal, Reply, Scope, Send, problem
from runtime.http_protocol import FastHandler

_NOT_FOUND = problem(
    404, "not_found", "This path does not exist. /openapi.json lists those that do."
)
_FAILED = problem(500, "internal", "The gateway failed because of a bug; its log says where.")


class Route(Protocol):
    """Answers the requests for one path."""

    @property
    def methods(self) -> tuple[str, ...] | None:
        """Return the methods that it answers; None for all."""
        ...

    def __call__(self, scope: Scope, receive: Receive, /) -> Awaitable[Reply]:
        """Return the reply. Raises Refusal, Unavailable or ClientDisconnected."""
        ...


def build(
    verifier: Verifier,
    options: Options,
    clock: Clock,
    *,
    usage_recorder: UsageSink,
    ready: Callable[[], None],
    unwritable: Callable[[], str] = lambda: "",
    log: GatewayLog | None = None,
    metrics: Metrics | None = None,
    cache: VerdictCache | None = None,
    try_read_now: fast_path.TryReadNow = lambda _presented, _key: None,
    background_tasks: BackgroundTasks | None = None,
    reports: Mapping[str, Callable[[], Mapping[str, str]]] = MappingProxyType({}),
) -> Gateway:
    """Build the gateway.

    Args:
        verifier: decides about tokens.
        usage_recorder: records every accepted request; started and stopped with the application.
        ready: returns if the database answers, otherwise raises StorageUnavailable. Blocks.
        unwritable: returns why the database accepts no writes; empty if it does.
        cache: the verifier's cache, for the fast path; None for no fast path.
        try_read_now: reads a key that is not cached, if that takes no waiting.
        background_tasks: started before the first request, and stopped after the last.
        reports: by path, the state of each part of something else; see PartsPage.
    """
    services = Services(
        verifier=verifier,
        log=log or GatewayLog(clock),
        clock=clock,
        options=options,
        usage_recorder=usage_recorder,
        ready=ready,
        unwritable=unwritable,
        background_tasks=background_tasks,
        metrics=metrics or Metrics(),
    )
    routes: dict[str, Route] = {
        forward_auth.ENDPOINT: Authz(services),
        forward_auth.WITH_200: Authz(services, accepted_status=200),
        forward_auth.RECHECK: Authz(services, is_recheck=True),
        verify.ENDPOINT: Verify(services),
        "/healthz": Healthz(),
        "/readyz": Readyz(services),
        "/metrics": MetricsPage(services),
        "/openapi.json": OpenApi(),
        **{path: PartsPage(services, report) for path, report in reports.items()},
    }
    return Gateway(
        services,
        routes,
        fast_path.build(services, cache, try_read_now) if cache is not None else None,
    )


# Seconds between two looks at which sums are due; the log's clock decides.
_SUM_UP_EVERY = 1.0
_TIMED = frozenset((forward_auth.ENDPOINT, forward_auth.WITH_200, verify.ENDPOINT))


class Gateway:
    """The ASGI application.

    Attributes:
        fast_path: a function that the server tries first; see `runtime.http_protocol`.
        limits: the limits on the server's connections.
    """

    def __init__(
        self, services: Services, routes: Mapping[str, Route], fast_path: FastHandler | None = None
    ) -> None:
        self.fast_path = fast_path
        options = services.options
        self.limits = ConnectionLimits(
            total=options.connections,
            per_peer=options.peer_connections,
            # The route itself says first that a body took too long.
            body_seconds=options.read_timeout + 1.0,
            unlimited=options.proxies.trusted,
            on_refused=services.record_connection,
        )
        self._services = services
        self._routes = routes
        self._unavailable = forward_auth.unavailable(services.options.retry_after)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path that has a route."""
        return tuple(self._routes)

    def close(self) -> None:
        """Stop the threads; the lifespan's shutdown calls this. Blocks."""
        self._services.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                reply = await self._respond(scope, receive)
            except ClientDisconnected:
                return
            await reply.send(send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            # A WebSocket: closing before accepting is ASGI's way to refuse it.
            await send({"type": "websocket.close", "code": 1008})

    async def _respond(self, scope: Scope, receive: Receive) -> Reply:
        route = self._routes.get(scope["path"])
        if route is None:
            return _NOT_FOUND
        if route.methods is not None and scope["method"] not in route.methods:
            return _method_not_allowed(route.methods)
        started = perf_counter()
        try:
            return await route(scope, receive)
        except Refusal as refusal:
            return refusal.reply
        except Unavailable as error:
            self._services.metrics.count("unavailable")
            self._services.log.unavailable(error.cause, error.detail)
            return self._unavailable
        except ClientDisconnected:
            raise
        except Exception as error:  # noqa: BLE001 - logged without the caller's text
            self._services.log.failed(error, endpoint=scope["path"])
            return _FAILED
        finally:
            if scope["path"] in _TIMED:
                self._services.metrics.observe(perf_counter() - started)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        summing: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._services.start()
                except StorageUnavailable as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                summing = asyncio.create_task(self._sum_up_refusals())
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if summing is not None:
                    summing.cancel()
                await self._services.stop_background_tasks()
                await asyncio.to_thread(self.close)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _sum_up_refusals(self) -> None:
        while True:
            await asyncio.sleep(_SUM_UP_EVERY)
            self._services.log.sum_up()


def _method_not_allowed(methods: tuple[str, ...]) -> Reply:
    allow = ", ".join(methods)
    return problem(
        405,
        "method_not_allowed",
        f"This path answers {' and '.join(methods)} only.",
        [(b"allow", allow.encode())],
    )
