"""Trigger ids: each opens one modal, once, within three seconds."""

import threading
from dataclasses import dataclass

from sandbox.base.clock import Clock
from sandbox.base.errors import SlackError
from sandbox.base.ids import new_hex

TRIGGER_SECONDS = 3.0
"""How long a trigger id lives (https://docs.slack.dev/interactivity/handling-user-interaction)."""
_MAX_TRIGGERS = 10_000


@dataclass
class Trigger:
    """Permission to open one modal for `user`, until `expires`."""

    user: str
    expires: float
    used: bool = False


class TriggerIds:
    """Issues and spends trigger ids; safe to use from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._triggers: dict[str, Trigger] = {}

    def issue(self, user: str) -> str:
        """Return a trigger id for an action of `user`, in Slack's form of three parts."""
        now = self._clock.now()
        trigger = f"{int(now * 1000)}.{int(new_hex(8), 16)}.{new_hex(32)}"
        with self._lock:
            self._triggers[trigger] = Trigger(user, now + TRIGGER_SECONDS)
            while len(self._triggers) > _MAX_TRIGGERS:
                del self._triggers[next(iter(self._triggers))]
        return trigger

    def spend(self, trigger: str) -> str:
        """Spend a trigger id; returns the user who acted.

        Raises:
            SlackError: ``invalid_trigger_id``, ``exchanged_trigger_id`` or ``expired_trigger_id``
                (https://docs.slack.dev/reference/methods/views.open).
        """
        with self._lock:
            found = self._triggers.get(trigger)
            if found is None:
                raise SlackError("invalid_trigger_id")
            if found.used:
                raise SlackError("exchanged_trigger_id")
            if self._clock.now() >= found.expires:
                raise SlackError("expired_trigger_id")
            found.used = True
            return found.user
