"""The names of people and channels, as Slack knows them; kept for an hour.

A notification cannot show a mention, so texts name people instead. Every answer about a user is
kept, so the name of a user who has just pressed something is usually known.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

KEPT = 3_600.0
"""How long a name is kept, in seconds."""
_UNKNOWN_KEPT = 300.0
_KEPT_MOST = 10_000


def display_name(user: Mapping[str, Any]) -> str:
    """Return a user's name as Slack shows it; empty if Slack gives none."""
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name")
    return str(name or user.get("name") or "").strip()


@dataclass(eq=False, repr=False)
class Names:
    """Names by id. Safe to share between threads.

    Args:
        monotonic: in seconds.
    """

    monotonic: Callable[[], float]
    _known: OrderedDict[str, tuple[float, str]] = field(default_factory=OrderedDict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def learn(self, id_: str, name: str) -> None:
        """Keep a name; an empty one means that Slack gives none now."""
        end = self.monotonic() + (KEPT if name else _UNKNOWN_KEPT)
        with self._lock:
            self._known[id_] = (end, name)
            self._known.move_to_end(id_)
            if len(self._known) > _KEPT_MOST:
                self._known.popitem(last=False)

    def learn_user(self, user: Mapping[str, Any]) -> None:
        """Keep the name of a user, as `users.info` describes them."""
        if user.get("id"):
            self.learn(str(user["id"]), display_name(user))

    def get(self, id_: str) -> str | None:
        """Return a name; empty if Slack gave none lately, None if it is not known."""
        with self._lock:
            end, name = self._known.get(id_, (0.0, ""))
        return name if end > self.monotonic() else None
