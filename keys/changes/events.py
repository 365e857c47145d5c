"""Events: what a change records, and who has to hear of it.

An event says four things, and nothing else has to remember them: what the audit log keeps, whom the
outbox tells, which live messages are out of date, and whether gateways must confirm that they know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

# Every kind that is recorded, so that no two events share one.
KINDS: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True)
class NewLiveMessage:
    """A live message that begins with an event; see keys.changes.live_messages.

    Attributes:
        subject: the id of what it tells of; None for the fence that this change sets.
        due_in: how long after the event it is rendered first.
        data: what its renderer needs: ids, never a token.
    """

    kind: str
    subject: str | None
    recipient: str
    due_in: timedelta = timedelta()
    data: Mapping[str, Any] = field(default_factory=dict)


class Event:
    """One thing that happened.

    Args:
        key_id: the key that it is about, if it is about one.
        data: what the audit log keeps of it: names and ids, never a token.
        announce: what the outbox tells whom: `team`, or a person as `person:U…`.
        stale: subjects of live messages that are out of date now; one that ends with a colon
            stands for all that begin with it.
        live: live messages that begin now; read once, after the subscribers have run.

    Class arguments:
        kind: its name in the audit log. Hashes cover it, so it is never renamed.
        propagates: whether gateways have to forget something, and confirm that they did.
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
        announce: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        stale: Sequence[str] = (),
        live: Iterable[NewLiveMessage] = (),
    ) -> None:
        self.key_id, self.data, self.announce = key_id, data, announce
        self.stale, self.live = stale, live


def about_key(key_id: str) -> str:
    """The live messages about a key and what belongs to it, for `stale`."""
    return f"{key_id}:"
