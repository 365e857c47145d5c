"""Dispatch calls of the Web API: check token and scopes, apply faults, record the exchange."""

import hmac
import time
from collections.abc import Callable
from typing import Final

from sandbox.base.errors import SlackError
from sandbox.base.ids import new_hex
from sandbox.blockkit import InvalidBlocks
from sandbox.delivery.faults import Fault, Faults
from sandbox.state.installation import Installation
from sandbox.state.models import Flow, Json
from sandbox.state.traffic import TrafficLog
from sandbox.state.trigger_ids import TriggerIds
from sandbox.state.workspace import Workspace
from sandbox.webapi.core.call import Call, Method, missing_scope
from sandbox.webapi.core.rate_limits import RateLimits, ratelimited
from sandbox.webapi.core.scheduled_messages import ScheduledMessages
from sandbox.webapi.methods import (
    auth,
    chat,
    conversations,
    files,
    team,
    usergroups,
    users,
    validation,
    views,
)

Answer = tuple[int, dict[str, str], Json]
"""HTTP status, headers, and the body's JSON."""

METHODS: Final[dict[str, Method]] = {
    **auth.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **team.METHODS,
    **usergroups.METHODS,
    **users.METHODS,
    **validation.METHODS,
    **views.METHODS,
}


class WebApi:
    """Answers calls of the Web API; safe to use from any thread.

    Args:
        workspace, install, triggers, faults, traffic: of the practice Slack.
        connect: returns a new WebSocket URL; None where there are no sockets.
        address: returns the URL to upload files to; None where nothing is served.
    """

    def __init__(
        self,
        workspace: Workspace,
        install: Installation,
        triggers: TriggerIds,
        faults: Faults,
        traffic: TrafficLog,
        *,
        connect: Callable[[], str] | None = None,
        address: Callable[[], str] | None = None,
    ) -> None:
        self.workspace = workspace
        self.install = install
        self.triggers = triggers
        self.faults = faults
        self.traffic = traffic
        self.connect = connect
        self.address = address
        self.limits = RateLimits(workspace.clock)
        self.scheduled_messages = ScheduledMessages()

    def call(
        self, method: str, args: Json, token: str | None, *, transport: str = "http"
    ) -> Answer:
        """Make one call and record it. A planned delay blocks, so keep it out of event loops.

        Args:
            method: such as ``chat.postMessage``.
            args: the decoded body or query; texts from forms may hold JSON where Slack allows it.
            token: from the Authorization header; else an argument called ``token`` counts.
            transport: its name in the traffic.
        """
        entry = self.traffic.begin(Flow.TO_SLACK, method, args, transport)
        status, headers, body = 500, _headers(), Json(ok=False, error="internal_error")
        try:
            status, headers, body = self._faulty(method, dict(args), token)
            return status, headers, body
        finally:
            self.traffic.finish(entry, status, body)

    def _faulty(self, method: str, args: Json, token: str | None) -> Answer:
        fault = self.faults.next_for(method)
        if fault is not None and not fault.after:
            return _struck(fault)
        answer = self._answer(method, args, token)
        if fault is None:
            return answer
        if fault.kind == "slow":
            time.sleep(fault.seconds)
            return answer
        return _struck(fault)

    def _answer(self, method: str, args: Json, token: str | None) -> Answer:
        in_body = args.pop("token", None)
        headers = _headers()
        try:
            found = _method(method)
            self._check_token(found, token or in_body)
            if found.caller == "bot":
                headers["X-OAuth-Scopes"] = ",".join(sorted(self.install.scopes))
                headers["X-Accepted-OAuth-Scopes"] = ",".join(found.scopes)
            distributed = self.workspace.restrictions.distributed
            self.limits.count(method, str(args.get("channel", "")), distributed=distributed)
            return 200, headers, {"ok": True, **self._run(found, args)}
        except SlackError as refused:
            body = {"ok": False, "error": refused.code, **refused.extra}
            return refused.status, headers | refused.headers, body
        except InvalidBlocks as broken:
            messages = {"messages": broken.errors}
            body = {"ok": False, "error": broken.code, "response_metadata": messages}
            return 200, headers, body | {"errors": broken.errors}

    def _run(self, method: Method, args: Json) -> Json:
        call = Call(
            self.workspace,
            self.install,
            self.triggers,
            self.connect,
            args,
            self.scheduled_messages,
            self.address,
        )
        done = method.run(call)
        for event, channel in call.events:
            self.workspace.emit(event, channel)
        if call.warnings:
            done["warning"] = ",".join(call.warnings)
            metadata = done.setdefault("response_metadata", {})
            metadata["warnings"] = call.warnings
        return done

    def _check_token(self, method: Method, token: object) -> None:
        if method.caller == "nobody":
            return
        if not token:
            raise SlackError("not_authed")
        kind = self._kind(str(token))
        if kind is None:
            raise SlackError("invalid_auth")
        if kind == "bot" and self.install.token_is_revoked:
            raise SlackError("token_revoked")
        # A configuration token works for apps that are installed nowhere.
        if kind != "config" and not self.install.active:
            raise SlackError("account_inactive")
        if method.caller not in ("any", kind):
            raise SlackError("not_allowed_token_type")
        if method.scopes and not self.install.scopes.intersection(method.scopes):
            raise missing_scope(self.install, ",".join(method.scopes))

    def _kind(self, token: str) -> str | None:
        given = token.encode()
        tokens = {
            "bot": self.install.bot_token,
            "app": self.install.app_token,
            "config": self.install.config_token,
        }
        found = (k for k, known in tokens.items() if hmac.compare_digest(given, known.encode()))
        return next(found, None)


def _method(name: str) -> Method:
    found = METHODS.get(name)
    if found is None:
        raise SlackError("unknown_method", req_method=name)
    return found


def _headers() -> dict[str, str]:
    return {"Content-Type": "application/json; charset=utf-8", "X-Slack-Req-Id": new_hex(32)}


def _struck(fault: Fault) -> Answer:
    if fault.kind == "rate_limit":
        refused = ratelimited(fault.seconds)
        return refused.status, _headers() | refused.headers, {"ok": False, "error": refused.code}
    if fault.kind == "error":
        return 200, _headers(), {"ok": False, "error": fault.code}
    code = "service_unavailable" if fault.status == 503 else "internal_error"
    return fault.status, _headers(), {"ok": False, "error": code}
