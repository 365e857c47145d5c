"""Events of an access request; each updates the messages about it."""

from __future__ import annotations

from typing import Any

from keys.access_requests.terms import Terms, stored
from keys.changes.events import Event, NewLiveMessage
from keys.changes.outbox import TEAM, to_person
from storage.tables import AccessRequest

MESSAGE_KIND = "request"


class RequestMade(Event, kind="request.made"):
    """A member requested a key; the team's channel and the requester each get a message."""

    def __init__(self, row: AccessRequest) -> None:
        recipients = (TEAM, to_person(row.requester))
        super().__init__(
            None,
            {
                "request": row.id,
                "name": row.name,
                "scopes": row.scopes.split(),
                "last_day": row.last_day or None,
            },
            live=[NewLiveMessage(MESSAGE_KIND, row.id, recipient) for recipient in recipients],
        )


class RequestApproved(Event, kind="request.approved"):
    """An admin approved a request; its key was created, and the token is being delivered.

    Args:
        terms: what the key was given, whatever was asked for.
    """

    def __init__(self, row: AccessRequest, terms: Terms) -> None:
        given = {"scopes": list(terms.scopes), "last_day": stored(terms.last_day) or None}
        super().__init__(row.key_id, _facts(row) | given, stale=[row.id])


class RequestGranted(Event, kind="request.granted"):
    """The token of an approved request reached the requester."""

    def __init__(self, row: AccessRequest) -> None:
        super().__init__(row.key_id, _facts(row), stale=[row.id])


class RequestReopened(Event, kind="request.reopened"):
    """The token of an approved request did not reach the requester; the request is open again.

    Args:
        key_id: the id of its cancelled key.
    """

    def __init__(self, row: AccessRequest, key_id: str | None) -> None:
        super().__init__(key_id, _facts(row), stale=[row.id])


class RequestDenied(Event, kind="request.denied"):
    """An admin denied a request, with or without a reason."""

    def __init__(self, row: AccessRequest) -> None:
        data = _decision(row)
        super().__init__(row.key_id, data, news=data, stale=[row.id])


class RequestClosed(Event, kind="request.closed"):
    """A request was withdrawn, or not decided on in time."""

    def __init__(self, row: AccessRequest) -> None:
        data = _decision(row)
        super().__init__(None, data, news=data, stale=[row.id])


def _facts(row: AccessRequest) -> dict[str, Any]:
    return {"request": row.id, "name": row.name, "requester": row.requester}


def _decision(row: AccessRequest) -> dict[str, Any]:
    return _facts(row) | {"reason": row.decision_reason}
