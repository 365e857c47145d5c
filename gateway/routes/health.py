"""`/healthz` and `/readyz`: whether the process is up, and whether it can verify tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.base.thread_pool import Unavailable
from gateway.routes.services import Services
from runtime.http_messages import Reply, Scope, json_reply

UP = json_reply(200, {"status": "ok"})
_READY = json_reply(200, {"status": "ready"})


def not_ready(seconds: int) -> Reply:
    """Return the reply of `/readyz` while no token can be verified.

    Args:
        seconds: how long callers are asked to wait.
    """
    return json_reply(503, {"status": "unavailable"}, [(b"retry-after", b"%d" % seconds)])


class Healthz:
    """Answers 200 while the event loop runs; checks nothing else."""

    methods = ("GET", "HEAD")

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        return UP


class PartsPage:
    """Answers 200 if every part of something else is `ok`; otherwise 503 with what is wrong.

    A load balancer must not ask this one: the gateway verifies tokens all the same.

    Args:
        report: returns the state of each part, by its name. Blocks.
    """

    methods = ("GET", "HEAD")

    def __init__(self, services: Services, report: Callable[[], Mapping[str, str]]) -> None:
        self._services = services
        self._report = report

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        parts = await self._services.verifier.run(self._report)
        well = all(state == "ok" for state in parts.values())
        return json_reply(200 if well else 503, {"status": "ok" if well else "not ready", **parts})


class Readyz:
    """Answers 200 if the database does, so that tokens can be verified; otherwise 503.

    A database that is read-only is still a 200: without its gateways nothing would be verified.
    """

    methods = ("GET", "HEAD")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._not_ready = not_ready(services.options.retry_after)

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        try:
            await self._services.verifier.run(self._services.ready)
        except Unavailable:
            return self._not_ready
        if unwritable := self._services.unwritable():
            return json_reply(200, {"status": "ready", "writes": unwritable})
        return _READY
