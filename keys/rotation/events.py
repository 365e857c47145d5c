"""Events of a rotation, from the new token to the end of the old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from keys.base.actors import Actor
from keys.changes.events import Event, NewLiveMessage, about_key
from keys.changes.outbox import TEAM, to_person
from storage.tables import Key

MESSAGE_KIND = "rotation"


class RotationRequested(Event, kind="rotation.asked"):
    """A new token was made for a key, and is being delivered."""

    def __init__(self, key: Key, recipient: Actor, grace_seconds: int) -> None:
        data = {"name": key.name, "recipient": str(recipient), "grace_seconds": grace_seconds}
        super().__init__(key.id, data)


class KeyRotated(Event, kind="key.rotated", propagates=True):
    """A key's new token works: it reached the recipient.

    Attributes:
        recipient: the person who has the new token.
    """

    def __init__(self, key: Key, rotation_id: str, ends_at: datetime, recipient: Actor) -> None:
        self.recipient = recipient
        data = _facts(key) | {
            "rotation": rotation_id,
            "ends_at": _format_time(ends_at),
            "recipient": str(recipient),
        }
        # The owner follows it in a live message, and the recipient has the new token.
        super().__init__(
            key.id,
            data,
            news=data,
            knows=[str(recipient), *([to_person(key.owner)] if key.owner else [])],
            stale=[about_key(key.id)],
            live=_messages(key, rotation_id),
        )


class RotationCancelled(Event, kind="rotation.abandoned"):
    """A rotation was cancelled: the new token did not reach the recipient.

    Args:
        tell: the people who get a separate message; empty if they are waiting for a reply.
    """

    def __init__(self, key: Key, reason: str, tell: Iterable[Actor]) -> None:
        facts = _facts(key) | {"reason": reason}
        people = sorted({str(actor) for actor in tell if actor.kind == "person"})
        announce = dict.fromkeys(people, facts)
        super().__init__(key.id, {"name": key.name, "reason": reason}, announce=announce)


class RotationExtended(Event, kind="rotation.extended"):
    """A key's old token was extended."""

    def __init__(self, key: Key, rotation_id: str, ends_at: datetime) -> None:
        data = {"name": key.name, "ends_at": _format_time(ends_at)}
        super().__init__(key.id, data, stale=[rotation_id])


class OldTokenStillUsed(Event, kind="rotation.still_used"):
    """A key's old token is still in use shortly before it expires.

    Args:
        hint: the hint of the old token.
        used_from: the address it was last used from.
    """

    def __init__(
        self, key: Key, rotation_id: str, hint: str, ends_at: datetime, used_from: str
    ) -> None:
        data = _facts(key) | {
            "hint": hint,
            "ends_at": _format_time(ends_at),
            "used_from": used_from,
        }
        super().__init__(key.id, data, news=data, stale=[rotation_id])


class RotationEnded(Event, kind="rotation.ended", propagates=True):
    """A key's old token has stopped working.

    Args:
        hint: the hint of the old token.
        announce: whether the team, the owner and the holders are told; False if the rotation's
            message shows it at once.
    """

    def __init__(self, key: Key, rotation_id: str, hint: str, *, announce: bool) -> None:
        data = _facts(key) | {"hint": hint}
        super().__init__(
            key.id,
            data,
            news=data if announce else None,
            stale=[rotation_id, about_key(key.id)],
        )


def _messages(key: Key, rotation_id: str) -> Iterator[NewLiveMessage]:
    """Yield the live messages about a rotation.

    They are made after the subscribers have run: one may have changed the key's owner.
    """
    yield NewLiveMessage(MESSAGE_KIND, rotation_id, TEAM)
    if key.owner:
        yield NewLiveMessage(MESSAGE_KIND, rotation_id, to_person(key.owner))


def _facts(key: Key) -> dict[str, Any]:
    return {"key_id": key.id, "name": key.name, "owner": key.owner}


def _format_time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
