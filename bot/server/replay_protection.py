"""Refuse what was sent before: replayed signed requests, and events that Slack sends again.

A signature is good for five minutes, and a person who intercepts a request could send it again in
that time. Slack itself never does: what it delivers again bears a new time and a new signature.
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
    """A middleware for Bolt that takes each signed request once, whichever bot it reaches.

    Events are left to `Events`: all that they lead to can be done twice without harm, and there may
    be thousands of them in a minute.
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
    """Which events came before, by their `event_id`. Safe to share between threads."""

    def __init__(self, most: int = _EVENTS) -> None:
        self._most = most
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, event_id: str) -> bool:
        """Whether an event comes for the first time; without an id it always does."""
        if not event_id:
            return True
        with self._lock:
            if event_id in self._seen:
                return False
            self._seen[event_id] = None
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return True
