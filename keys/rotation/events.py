"""What happens in a rotation: a new token for a key, and the end of the old one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from keys.base.actors import Actor
from keys.changes.events import Event, about_key
from keys.changes.outbox import TEAM, to_person
from keys.lifecycle.events import facts
from storage.tables import Key, Rotation

MESSAGE_KIND = "rotation"


class RotationStarted(Event, kind="rotation.asked"):
    """A new token for a key is on its way."""

    def __init__(self, key: Key, rotation: Rotation, recipient: Actor) -> None:
        data = {
            "name": key.name,
            "recipient": str(recipient),
            "grace_seconds": rotation.grace_seconds,
        }
        super().__init__(key.id, data)


class KeyRotated(Event, kind="key.rotated", propagates=True):
    """The new token works, and the old one has a set end.

    Attributes:
        recipient: who got the new token.
    """

    def __init__(self, key: Key, rotation: Rotation, ends_at: datetime, recipient: Actor) -> None:
        self.recipient = recipient
        data = facts(key) | {
            "rotation": rotation.id,
            "ends_at": ends_at.isoformat(timespec="seconds"),
            "recipient": str(recipient),
        }
        super().__init__(key.id, data, stale=[about_key(key.id)])


class RotationCancelled(Event, kind="rotation.abandoned"):
    """The new token never works; the old one works as before.

    Args:
        tell: who is told by messages of their own.
    """

    def __init__(self, key: Key, reason: str, tell: Iterable[str]) -> None:
        told = facts(key) | {"reason": reason}
        super().__init__(
            key.id, {"name": key.name, "reason": reason}, announce=dict.fromkeys(tell, told)
        )


class RotationExtended(Event, kind="rotation.extended"):
    """The old token works for longer."""

    def __init__(self, key: Key, rotation: Rotation, ends_at: datetime) -> None:
        data = {"name": key.name, "ends_at": ends_at.isoformat(timespec="seconds")}
        super().__init__(key.id, data, stale=[rotation.id])


class OldTokenStillUsed(Event, kind="rotation.still_used"):
    """A program still uses the old token shortly before its end."""

    def __init__(self, key: Key, rotation: Rotation, hint: str, used_from: str) -> None:
        ends_at = rotation.ends_at.isoformat(timespec="seconds") if rotation.ends_at else ""
        data = facts(key) | {"hint": hint, "ends_at": ends_at, "used_from": used_from}
        super().__init__(key.id, data, announce=_team_and_owner(key, data), stale=[rotation.id])


class RotationEnded(Event, kind="rotation.ended", propagates=True):
    """The old token has ended."""

    def __init__(self, key: Key, hint: str, *, tell: bool) -> None:
        data = facts(key) | {"hint": hint}
        super().__init__(key.id, data, announce=_team_and_owner(key, data) if tell else {})


def _team_and_owner(key: Key, data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    told = {TEAM: data}
    if key.owner:
        told[to_person(key.owner)] = data
    return told
