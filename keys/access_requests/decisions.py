"""Deciding on a request: approve, deny or withdraw it, or close it after too long.

The key is created in the same transaction as the approval, so two admins who click at once approve
once. A crash before the delivery leaves a pending key, which is cancelled at its deadline and
reopens the request (keys.access_requests.subscribers).
"""

from __future__ import annotations

from datetime import timedelta

from keys.access_requests.ask import OPEN_FOR
from keys.access_requests.events import RequestApproved, RequestClosed, RequestDenied
from keys.access_requests.queries import (
    RequestView,
    asked_terms,
    load_row,
    overdue_rows,
    view,
)
from keys.access_requests.terms import Terms
from keys.base.actors import Actor
from keys.base.models import KeyRequest
from keys.base.models import RequestStage as Stage
from keys.changes.change import Change
from keys.inputs.names import refuse_token
from keys.lifecycle.create import PendingKey, create_pending_key
from storage import seals
from storage.tables import AccessRequest


def approve(
    change: Change, request_id: str, delivery_deadline: timedelta, terms: Terms | None = None
) -> PendingKey | None:
    """Approve a request: create its key, and deliver the token to the requester only.

    The request keeps what it asked for, in case that the token cannot be delivered.

    Args:
        delivery_deadline: how long the delivery may take before the key is cancelled.
        terms: what the key gets instead of what was asked for, if anything.

    Returns:
        The key and its token; None if the request is no longer open.

    Raises:
        KeyNotFound: if the account has no such request.
        NameTaken: if another key has taken the name since.
        InvalidExpiry: if the last day has passed since, or the team's policy has changed.
        TokenInText: if an old request contains a token.
        Tampered: if the request was changed by something other than this program.
    """
    row = load_row(change.session, request_id)
    if row.state != Stage.OPEN:
        return None
    seals.require_genuine(change.session, row)
    # No field of an operation has seen what an earlier version stored.
    refuse_token(row.name, "name")
    refuse_token(row.reason, "reason")
    policy = change.services.policy
    terms = terms or asked_terms(row, policy, change.now)
    wanted = KeyRequest(
        name=row.name,
        scopes=terms.scopes,
        owner=row.requester,
        idempotency_key=f"{row.id}:{row.attempts}",
        note=row.reason,
        expires_at=policy.check_expiry(terms.last_day, change.now),
    )
    recipient = Actor.person(row.requester)
    made = create_pending_key(change, wanted, recipient, delivery_deadline, policy.delivery)
    row.key_id, row.attempts = made.key.id, row.attempts + 1
    decide(change, row, Stage.DELIVERING, "")
    change.record(RequestApproved(row, terms))
    return made


def deny(change: Change, request_id: str, reason: str) -> RequestView:
    """Deny a request if it is still open. Raises KeyNotFound."""
    row = load_row(change.session, request_id)
    if row.state == Stage.OPEN:
        decide(change, row, Stage.DENIED, reason)
        change.record(RequestDenied(row))
    return _seen(change, row)


def withdraw(change: Change, request_id: str) -> RequestView:
    """Withdraw a request if it is still open. Raises KeyNotFound."""
    row = load_row(change.session, request_id)
    if row.state == Stage.OPEN:
        _close(change, row, "withdrawn")
    return _seen(change, row)


def close_overdue(change: Change) -> int:
    """Close the requests without a decision in time; return how many."""
    rows = overdue_rows(change.session, change.now)
    for row in rows:
        _close(change, row, f"no decision within {OPEN_FOR.days} days")
    return len(rows)


def decide(change: Change, row: AccessRequest, stage: Stage, reason: str) -> None:
    """Store a decision on a request, its author and time; record no event."""
    row.state, row.decision_reason = stage, reason
    row.decided_by, row.decided_at = str(change.actor), change.now
    change.session.add(row)
    change.session.flush()


def _seen(change: Change, row: AccessRequest) -> RequestView:
    key = change.load(row.key_id) if row.key_id else None
    return view(row, change.services.policy, change.now, key)


def _close(change: Change, row: AccessRequest, reason: str) -> None:
    decide(change, row, Stage.CLOSED, reason)
    change.record(RequestClosed(row))
