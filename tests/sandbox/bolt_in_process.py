"""A real Slack Bolt app on a practice Slack in the same process, with no sockets between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltContext, BoltRequest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from sandbox.delivery.dispatcher import Ack, Deliverer, NotAcknowledged
from sandbox.sandbox import Sandbox
from sandbox.state.models import Json


class InProcessClient(WebClient):
    """A WebClient whose calls go straight to the practice Slack."""

    def __init__(self, slack: Sandbox, **more: Any) -> None:
        super().__init__(token=slack.bot_token, base_url="http://127.0.0.1:9/api/")
        self._slack = slack

    def api_call(self, api_method: str, **more: Any) -> SlackResponse:
        given = {**(more.get("params") or {}), **(more.get("data") or {})}
        given |= more.get("json") or {}
        args = {name: value for name, value in given.items() if value is not None}
        status, headers, body = self._slack.call(api_method, args, self.token)
        answer = SlackResponse(
            client=self,
            http_verb="POST",
            api_url=api_method,
            req_args={},
            data=body,
            headers=headers,
            status_code=status,
        )
        answer.validate()  # type: ignore[no-untyped-call]  # the SDK has no types for it
        return answer


def deliver_to_bolt(app: App, client: InProcessClient) -> Deliverer:
    """Return a deliverer that passes bodies to a Bolt app, whose listeners get `client`.

    Bolt makes a plain WebClient for each request, so the client is put back by a middleware.
    """

    @app.use
    def in_process(context: BoltContext, next: Callable[[], None]) -> None:
        context["client"] = client
        next()

    def deliver(body: Json, kind: str) -> Ack:
        answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
        if answer.status != 200:
            raise NotAcknowledged("http_service_error")
        text = answer.body
        if not text:
            return None
        return json.loads(text) if text.startswith("{") else text

    return deliver
