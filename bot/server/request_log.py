"""Log one line for each of Slack's requests, under the id of its trace (`runtime.tracing`).

The line is written when the work is done, however the request arrived and ended:

    event          request
    request_id     in every log line about it, in the audit log, and in PostgreSQL's own log
    kind, what     a command, a button, a modal or an event, and which; nothing that was typed
    person, workspace
    outcome        `done`, `refused`, or the class of the error
    seconds        from its arrival to the end of the work, most of it after the acknowledgement
    database, slack  how often each was called, and the seconds that it took
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt import BoltContext, BoltRequest

from bot.server.pools import arrived
from bot.server.request_kinds import COMMAND, id_of, kind_of
from runtime import tracing
from runtime.tracing import Trace

logger = logging.getLogger("bot")

_IN_BOLT = "apikeys_trace"


@contextmanager
def begun(request: BoltRequest) -> Iterator[Trace]:
    """Start the trace of a request that has just arrived, before its listener runs."""
    trace = Trace(started=arrived())
    request.context[_IN_BOLT] = trace
    with tracing.within(trace):
        yield trace


@contextmanager
def at_work(context: BoltContext, body: dict[str, Any]) -> Iterator[Trace]:
    """Continue the trace in the listener's thread, and log the line at the end."""
    trace: Trace = context.get(_IN_BOLT) or Trace()
    kind = kind_of(body)
    # What was typed decides what a command is about (bot.slash_command).
    trace.what = "" if kind == COMMAND else id_of(body)
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
