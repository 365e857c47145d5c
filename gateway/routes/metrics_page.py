"""`/metrics`: serve the gateway's metrics to Prometheus."""

from __future__ import annotations

from gateway.base import metrics
from gateway.routes.services import Services
from runtime.http_messages import Reply, Scope


class MetricsPage:
    """Answers with all metrics in Prometheus' text format."""

    methods = ("GET", "HEAD")

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        content_type = (b"content-type", metrics.CONTENT_TYPE.encode())
        return Reply(200, (content_type,), self._services.metrics.text())
