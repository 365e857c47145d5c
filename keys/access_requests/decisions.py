"""Deciding about a request: approve, deny, withdraw, or close it when nobody has in time.

The key is made in the same transaction as the approval, so two admins who press at once approve
once, and a crash in between leaves a pending key, which is cancelled when its time is up and opens
the request again (keys.access_requests.subscribers).
"""

from __future__ import annotations

from datetime import timedelta

from keys.access_requests.ask import OPEN_FOR
from keys.access_requests.events import RequestApproved, RequestClosed, RequestDenied
from keys.access_requests.queries import RequestView, load_row, overdue_rows, view
from keys.base.actors import Actor
from keys.base.models import KeyRequest
from keys.base.models import RequestStage as Stage
from keys.changes.change import Change
from keys.inputs.names import refuse_token
from keys.lifecycle.create import PendingKey, create_pending_key
from storage.tables import AccessRequest


def approve(change: Change, request_id: str, delivery_deadline: timedelta) -> PendingKey | None:
    """Approve a request: make its key, whose token goes to the requester alone.

    Args:
        delivery_deadline: how long the delivery may take before the key is cancelled.

    Returns:
        The key and its token; None if the request is not open any more.

    Raises:
        KeyNotFound: if the account has no such request.
        NameTaken: if another key has taken the name meanwhile.
        TokenInText: if the request was made before tokens were refused, and contains one.
    """
    row = load_row(change.session, request_id)
    if row.state != Stage.OPEN:
        return None
    # No field of an operation has seen what an earlier version stored.
    refuse_token(row.name, "name")
    refuse_token(row.reason, "reason")
    policy = change.services.policy
    last_day = policy.default_expiry(change.now)
    wanted = KeyRequest(
        name=row.name,
        scopes=tuple(row.scopes.split()),
        owner=row.requester,
        idempotency_key=f"{row.id}:{row.attempts}",
        note=row.reason,
        expires_at=policy.last_moment(last_day) if last_day else None,
    )
    recipient = Actor.person(row.requester)
    made = create_pending_key(change, wanted, recipient, delivery_deadline, policy.delivery)
    row.key_id, row.attempts = made.key.id, row.attempts + 1
    decide(change, row, Stage.DELIVERING, "")
    change.record(RequestApproved(row))
    return made


def deny(change: Change, request_id: str, reason: str) -> RequestView:
    """Deny a request, unless it is not open any more. Raises KeyNotFound."""
    row = load_row(change.session, request_id)
    if row.state == Stage.OPEN:
        decide(change, row, Stage.DENIED, reason)
        change.record(RequestDenied(row))
    return view(row)


def withdraw(change: Change, request_id: str) -> RequestView:
    """Withdraw a request, unless it is not open any more. Raises KeyNotFound."""
    row = load_row(change.session, request_id)
    if row.state == Stage.OPEN:
        _close(change, row, "withdrawn")
    return view(row)


def close_overdue(change: Change) -> int:
    """Close what nobody has decided about in time; returns how many requests that were."""
    rows = overdue_rows(change.session, change.now)
    for row in rows:
        _close(change, row, f"nobody decided within {OPEN_FOR.days} days")
    return len(rows)


def decide(change: Change, row: AccessRequest, stage: Stage, reason: str) -> None:
    """Write down what was decided about a request, by whom and when; records nothing."""
    row.state, row.decision_reason = stage, reason
    row.decided_by, row.decided_at = str(change.actor), change.now
    change.session.add(row)
    change.session.flush()


def _close(change: Change, row: AccessRequest, reason: str) -> None:
    decide(change, row, Stage.CLOSED, reason)
    change.record(RequestClosed(row))
