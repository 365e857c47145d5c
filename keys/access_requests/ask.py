"""Requesting a key."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from keys.access_requests.events import RequestMade
from keys.access_requests.queries import RequestView, view
from keys.access_requests.terms import Terms, stored
from keys.base.errors import DuplicateRequest, InvalidState
from keys.base.ids import new_id
from keys.base.models import RequestStage as Stage
from keys.changes.change import Change
from keys.lifecycle.rows import claim_name
from storage import AccountSession
from storage.tables import AccessRequest

OPEN_FOR = timedelta(days=14)
OPEN_MOST = 5
# Each request posts in the team's channel, so they are counted whatever became of them.
PERIOD = timedelta(days=1)
MADE_MOST = 10


def ask(
    change: Change,
    name: str,
    terms: Terms,
    reason: str,
    idempotency_key: str,
) -> RequestView:
    """Request a key for the user who makes this change.

    Args:
        terms: what is asked for; the approver may change it.
        idempotency_key: identifies the submission, so that a retry makes no second request.

    Raises:
        DuplicateRequest: if this submission was processed before.
        NameTaken: if a key has this name.
        InvalidExpiry: if the team's policy does not allow the last day.
        InvalidState: if the user has too many open requests, or made too many within a day.
    """
    session, policy = change.session, change.services.policy
    _refuse_a_repetition(session, idempotency_key)
    policy.check_expiry(terms.last_day, change.now)
    claim_name(session, name)
    _refuse_too_many_open(session, change.actor.id)
    _refuse_too_many_made(session, change.actor.id, change.now)
    row = AccessRequest(
        id=new_id("ask"),
        account_id=session.account_id,
        idempotency_key=idempotency_key,
        requester=change.actor.id,
        name=name,
        scopes=" ".join(terms.scopes),
        last_day=stored(terms.last_day),
        reason=reason,
        state=Stage.OPEN,
        created_at=change.now,
        closes_at=change.now + OPEN_FOR,
    )
    session.add(row)
    session.flush()
    change.record(RequestMade(row))
    return view(row, policy, change.now)


def _refuse_a_repetition(session: AccountSession, idempotency_key: str) -> None:
    sent = select(AccessRequest.id).where(
        AccessRequest.account_id == session.account_id,
        AccessRequest.idempotency_key == idempotency_key,
    )
    if before := session.exec(sent).first():
        raise DuplicateRequest(before)


def _refuse_too_many_open(session: AccountSession, user_id: str) -> None:
    if _count(session, user_id, AccessRequest.state == Stage.OPEN) >= OPEN_MOST:
        raise InvalidState(
            f"You already have {OPEN_MOST} open requests. Withdraw one, or wait for a decision."
        )


def _refuse_too_many_made(session: AccountSession, user_id: str, now: datetime) -> None:
    if _count(session, user_id, col(AccessRequest.created_at) > now - PERIOD) >= MADE_MOST:
        raise InvalidState(
            f"You have made {MADE_MOST} requests within 24 hours, and withdrawn ones count. "
            "Try again tomorrow, or ask an admin."
        )


def _count(session: AccountSession, user_id: str, which: ColumnElement[bool] | bool) -> int:
    mine = (AccessRequest.account_id == session.account_id, AccessRequest.requester == user_id)
    return session.exec(select(func.count()).select_from(AccessRequest).where(*mine, which)).one()
