"""`/healthz`, `/readyz`, `/metrics` and `/openapi.json`: what machines ask of a gateway itself."""

from __future__ import annotations

from importlib import resources

from gateway.base import metrics
from gateway.base.thread_pool import Unavailable
from gateway.routes.services import Service
from runtime.http_messages import Reply, Scope, json_reply

_UP = json_reply(200, {"status": "ok"})
_READY = json_reply(200, {"status": "ready"})


class Healthz:
    """The process is up and its event loop turns; nothing else is looked at."""

    methods = ("GET", "HEAD")

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        return _UP


class Readyz:
    """The database answers, so tokens can be verified."""

    methods = ("GET", "HEAD")

    def __init__(self, service: Service) -> None:
        self._service = service
        self._not_ready = json_reply(
            503,
            {"status": "unavailable"},
            [(b"retry-after", b"%d" % service.options.retry_after)],
        )

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        try:
            await self._service.checker.run(self._service.ready)
        except Unavailable:
            return self._not_ready
        return _READY


class MetricsPage:
    """The numbers, in Prometheus' text form."""

    methods = ("GET", "HEAD")

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        content_type = (b"content-type", metrics.CONTENT_TYPE.encode())
        return Reply(200, (content_type,), self._service.metrics.text())


class OpenApi:
    """The description of all this for programs, as it stands in openapi.json."""

    methods = ("GET", "HEAD")

    def __init__(self) -> None:
        document = resources.files("gateway").joinpath("openapi.json").read_bytes()
        self._reply = Reply(200, ((b"content-type", b"application/json"),), document)

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        return self._reply
