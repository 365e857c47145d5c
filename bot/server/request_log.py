"""A request of Slack's, from its coming to its last line in the log: `runtime.tracing` has its id.

Each gets one line once its work is done, no matter where it came from and how it ended:

    event          request
    request_id     names it in every line about it, in the record, and in PostgreSQL's own log
    kind, what     a command and which, a button, a modal, an event; nothing that was typed
    person, workspace
    outcome        `done`, `refused`, or the kind of error that the person was told of
    seconds        from its coming to the end of the work, most of it after the acknowledgement
    database, slack  how often each was asked, and the seconds that it took
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt import BoltContext, BoltRequest

from runtime import tracing
from runtime.tracing import Trace

logger = logging.getLogger("bot")

_IN_BOLT = "apikeys_trace"


@contextmanager
def begun(request: BoltRequest) -> Iterator[Trace]:
    """Give a request that has just come its id, for all that is done before its listener."""
    trace = Trace()
    request.context[_IN_BOLT] = trace
    with tracing.within(trace):
        yield trace


@contextmanager
def at_work(context: BoltContext, body: dict[str, Any]) -> Iterator[Trace]:
    """The work of a listener, which has a thread of its own; its line is written at the end."""
    trace: Trace = context.get(_IN_BOLT) or Trace()
    kind, trace.what = _about(body)
    with tracing.within(trace):
        try:
            yield trace
        finally:
            fields = {
                "kind": kind,
                "what": trace.what,
                "person": context.user_id or "",
                "workspace": context.team_id or context.enterprise_id or "",
                "outcome": trace.outcome,
                "seconds": round(time.perf_counter() - trace.started, 4),
            }
            for name, spent in trace.spent.items():
                fields[name] = {"times": spent.times, "seconds": round(spent.seconds, 4)}
            logger.info("request", extra={"fields": fields})


def _about(body: dict[str, Any]) -> tuple[str, str]:
    if "command" in body:
        return "command", ""
    kind = str(body.get("type") or "")
    if kind == "block_actions":
        return kind, str(body["actions"][0]["action_id"])
    if kind == "event_callback":
        return kind, str(body["event"]["type"])
    return kind, str((body.get("view") or {}).get("callback_id") or "")
