"""Refuse replays: signed requests that were sent before, and events that Slack sends again.

A signature is valid for five minutes, in which an attacker who intercepts a request could replay
it. Slack itself never does: a request that it delivers again has a new time and signature.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from slack_bolt import BoltRequest, BoltResponse
from sqlalchemy import Engine

from keys.jobs import replay_guard
from runtime.clock import Clock
from storage import writing

_EVENTS = 10_000


def middleware(engine: Engine, clock: Clock) -> Callable[..., BoltResponse | None]:
    """Return a Bolt middleware that accepts each signed request once, across all processes.

    Events are left to `Events`: handling one twice does no harm, and there may be thousands in a
    minute.
    """

    def refuse(req: BoltRequest, next: Callable[[], BoltResponse]) -> BoltResponse | None:
        if req.body.get("type") == "event_callback" or req.mode == "socket_mode":
            next()
            return None
        signature = "".join(req.headers.get("x-slack-signature") or ())
        id_ = hashlib.sha256(signature.encode()).hexdigest()
        with writing(engine) as session:
            is_new = replay_guard.claim_once(session, id_, clock.now())
        if not is_new:
            return BoltResponse(status=401, body="This request was sent before.")
        next()
        return None

    return refuse


class Events:
    """The ids of recent events. Safe to share between threads."""

    def __init__(self, most: int = _EVENTS) -> None:
        self._most = most
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, event_id: str) -> bool:
        """Return whether an event is new; one without an id always is."""
        if not event_id:
            return True
        with self._lock:
            if event_id in self._seen:
                return False
            self._seen[event_id] = None
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return True
