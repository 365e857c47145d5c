"""`/openapi.json`: serve the description of the gateway's API."""

from __future__ import annotations

from importlib import resources

from runtime.http_messages import Reply, Scope


class OpenApi:
    """Answers with gateway/openapi.json."""

    methods = ("GET", "HEAD")

    def __init__(self) -> None:
        document = resources.files("gateway").joinpath("openapi.json").read_bytes()
        self._reply = Reply(200, ((b"content-type", b"application/json"),), document)

    async def __call__(self, _scope: Scope, _receive: object) -> Reply:
        return self._reply
