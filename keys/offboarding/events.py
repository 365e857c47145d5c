"""Events of an offboarding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keys.changes.events import Event, NewLiveMessage
from storage.tables import Offboarding

MESSAGE_KIND = "offboarding"


class OffboardingStarted(Event, kind="offboarding.started"):
    """An offboarding was started; a message lists the person's keys.

    Args:
        keys: the number of keys.
        recipient: who gets the message: the team or, if it is private, the admin who started it.
    """

    def __init__(self, row: Offboarding, keys: int, recipient: str) -> None:
        data = {"offboarding": row.id, "person": row.person, "why": row.why, "keys": keys}
        super().__init__(None, data, live=[NewLiveMessage(MESSAGE_KIND, row.id, recipient)])


class OffboardingKept(Event, kind="offboarding.kept"):
    """An admin marked a key as kept."""

    def __init__(self, row: Offboarding, key_id: str) -> None:
        super().__init__(key_id, {"offboarding": row.id, "person": row.person}, stale=[row.id])


class BulkActionRequested(Event, kind="offboarding.asked"):
    """An admin requested an action for all remaining keys."""

    def __init__(self, row: Offboarding, action: str, keys: int) -> None:
        data = {"offboarding": row.id, "person": row.person, "wish": action, "keys": keys}
        super().__init__(None, data, stale=[row.id])


class OffboardingFinished(Event, kind="offboarding.finished"):
    """Every key of an offboarding was handled.

    Args:
        results: the number of keys with each result.
        recipients: who has the message about it, and learns of the end.
    """

    def __init__(
        self, row: Offboarding, results: Mapping[str, int], recipients: Iterable[str]
    ) -> None:
        data = _ended(row, results)
        super().__init__(None, data, announce=dict.fromkeys(recipients, data), stale=[row.id])


class OffboardingClosed(Event, kind="offboarding.closed"):
    """An admin cancelled an offboarding.

    Args:
        results: the number of keys with each result; `left` counts those without one.
    """

    def __init__(self, row: Offboarding, results: Mapping[str, int]) -> None:
        super().__init__(None, _ended(row, results), stale=[row.id])


def _ended(row: Offboarding, results: Mapping[str, int]) -> dict[str, object]:
    return {"offboarding": row.id, "person": row.person, "keys": dict(results)}


class PersonRenumbered(Event, kind="person.renumbered", propagates=True):
    """Slack knows the owner of a key, or the requester of one, by another user id now.

    Args:
        key_id: the key, of which they are the owner or backup owner.
        before, after: the two ids.
        request: the id of their request, if that is concerned.
    """

    def __init__(self, key_id: str | None, before: str, after: str, request: str = "") -> None:
        data = {"from": before, "to": after} | ({"request": request} if request else {})
        super().__init__(key_id, data, stale=[request] if request else [])
