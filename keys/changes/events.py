"""Events: what a change records, and what follows from it.

An event determines four things: its entry in the audit log, who is notified through the outbox,
which live messages become stale, and whether gateways have to confirm it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

# Every event's kind, so that no two share one.
KINDS: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True)
class NewLiveMessage:
    """A live message to create; see keys.changes.live_messages.

    Attributes:
        subject: the id of what it is about; None for the fence that this change sets.
        due_in: how long after the event it is first rendered.
        data: what its renderer needs: ids, never a token.
    """

    kind: str
    subject: str | None
    recipient: str
    due_in: timedelta = timedelta()
    data: Mapping[str, Any] = field(default_factory=dict)


class Event:
    """An event.

    Args:
        key_id: the id of its key, if it has one.
        data: its data in the audit log: names and ids, never a token.
        news: the data of its announcements to the audiences in keys.changes.audiences; None for
            an event that is no news to anyone.
        in_channel: whether the news is posted to the channel; False if another message there
            covers several keys.
        knows: recipients who learn it in another way, and get no direct message.
        announce: more announcements, by recipient: `team` or `person:U…`.
        stale: the subjects whose live messages become stale; a trailing colon makes it a prefix.
        live: live messages to create; read once, after the subscribers have run.

    Class arguments:
        kind: its name in the audit log. Hashes cover it, so it is never renamed.
        propagates: whether gateways have to drop something from their caches, and confirm it.
    """

    kind: ClassVar[str]
    propagates: ClassVar[bool]

    def __init_subclass__(cls, *, kind: str, propagates: bool = False) -> None:
        if kind in KINDS:
            raise TypeError(f"{KINDS[kind].__name__} and {cls.__name__} are both “{kind}”")
        cls.kind, cls.propagates = kind, propagates
        KINDS[kind] = cls

    def __init__(
        self,
        key_id: str | None,
        data: Mapping[str, Any],
        *,
        news: Mapping[str, Any] | None = None,
        in_channel: bool = True,
        knows: Iterable[str] = (),
        announce: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        stale: Sequence[str] = (),
        live: Iterable[NewLiveMessage] = (),
    ) -> None:
        self.key_id, self.data, self.announce = key_id, data, announce
        self.news, self.in_channel, self.knows = news, in_channel, set(knows)
        self.stale, self.live = stale, live


def about_expiry(expires_at: int) -> str:
    """Return the subject prefix of live messages about keys that expire then, for `stale`.

    Args:
        expires_at: in seconds since 1970.
    """
    return f"expiring:{expires_at}:"


def about_key(key_id: str) -> str:
    """Return the subject prefix of a key's live messages, for `stale`."""
    return f"{key_id}:"
