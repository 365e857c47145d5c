"""Reading access requests: a member requests a key, and an admin decides.

    open ──(approve)──→ granting ──(the token reached the requester)──→ granted
     │ ↑                   └──(it did not)──┐
     │ └────────────────────────────────────┘
     ├──(deny)──→ denied
     └──(no decision in time, or it was withdrawn)──→ closed

Requests are made in keys.access_requests.ask and decided in keys.access_requests.decisions; the
effects of changes to their keys are in keys.access_requests.subscribers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from keys.access_requests.terms import Terms, read_stored
from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.base.models import RequestStage as Stage
from keys.base.policy import Policy
from storage import AccountSession
from storage.tables import AccessRequest, Key


@dataclass(frozen=True, slots=True)
class RequestView:
    """An access request.

    Attributes:
        requester: the id of the person who asked.
        terms: what it asks for; see `asked_terms`.
        granted: what its key was given, once it was approved.
        decision_reason: why it was denied or closed, or why the last delivery failed.
        attempts: how often it was approved.
    """

    id: str
    requester: str
    name: str
    terms: Terms
    reason: str
    stage: Stage
    created_at: datetime
    closes_at: datetime
    decided_by: Actor | None
    decided_at: datetime | None
    decision_reason: str
    key_id: str | None
    attempts: int
    granted: Terms | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that it asks for."""
        return self.terms.scopes

    @property
    def changed(self) -> bool:
        """Whether it was approved with other terms than it asks for."""
        return self.granted is not None and self.granted != self.terms

    @property
    def withdrawn(self) -> bool:
        """Whether the requester withdrew it; a timer closes it otherwise."""
        by = self.decided_by
        return self.stage is Stage.CLOSED and by is not None and by.kind == "person"


def get(session: AccountSession, request_id: str, policy: Policy, now: datetime) -> RequestView:
    """Look up one request. Raises KeyNotFound if the account has no such request."""
    row = load_row(session, request_id)
    key = session.get(Key, row.key_id) if row.key_id else None
    return view(row, policy, now, key)


def load_row(session: AccountSession, request_id: str) -> AccessRequest:
    """Look up a request's row. Raises KeyNotFound if the account has no such request."""
    row = session.get(AccessRequest, request_id)
    if row is None or row.account_id != session.account_id:
        raise KeyNotFound("There is no such request.")
    return row


def requester_of(session: AccountSession, request_id: str) -> Actor | None:
    """Return who made a request; None if the account has no such request."""
    found = select(AccessRequest.requester).where(
        AccessRequest.account_id == session.account_id, AccessRequest.id == request_id
    )
    user_id = session.exec(found).first()
    return None if user_id is None else Actor.person(user_id)


def has_overdue(session: AccountSession, now: datetime) -> bool:
    """Return whether there is a request without a decision in time."""
    return bool(overdue_rows(session, now, most=1))


def overdue_rows(
    session: AccountSession, now: datetime, most: int | None = None
) -> Sequence[AccessRequest]:
    """Return the rows of requests without a decision in time."""
    found = select(AccessRequest).where(
        AccessRequest.account_id == session.account_id,
        AccessRequest.state == Stage.OPEN,
        col(AccessRequest.closes_at) <= now,
    )
    return session.exec(found.limit(most)).all()


def open_requests(session: AccountSession, policy: Policy, now: datetime) -> list[RequestView]:
    """Return the requests that wait for a decision, the oldest first."""
    found = (
        select(AccessRequest)
        .where(AccessRequest.account_id == session.account_id, AccessRequest.state == Stage.OPEN)
        .order_by(col(AccessRequest.created_at), col(AccessRequest.id))
    )
    return [view(row, policy, now) for row in session.exec(found)]


def asked_terms(row: AccessRequest, policy: Policy, now: datetime) -> Terms:
    """Return what a request asks for.

    A version before asked for no day: its requests get the team's default, counted from `now`.
    """
    before = row.last_day is None
    day = policy.default_expiry(now) if before else read_stored(row.last_day)
    return Terms(tuple(row.scopes.split()), day)


def view(row: AccessRequest, policy: Policy, now: datetime, key: Key | None = None) -> RequestView:
    """Return a request's row as a value.

    Args:
        key: the key that was made for it, if it was approved.
    """
    granted = None
    if key is not None:
        day = policy.last_day(key.expires_at) if key.expires_at else None
        granted = Terms(tuple(key.scopes.split()), day)
    return RequestView(
        id=row.id,
        requester=row.requester,
        name=row.name,
        terms=asked_terms(row, policy, now),
        reason=row.reason,
        stage=Stage(row.state),
        created_at=row.created_at,
        closes_at=row.closes_at,
        decided_by=Actor.read(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        key_id=row.key_id,
        attempts=row.attempts,
        granted=granted,
    )
