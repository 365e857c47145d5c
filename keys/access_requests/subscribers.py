"""What else changes when a key comes to work, is given up, or is revoked.

It is called by what changes keys, in the same transaction, so that nobody has to remember it: a
request for the key comes to its end, or is open again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import select

from keys.base.models import Actor, RequestStage
from keys.changes import audit_log, live_messages
from storage import AccountSession
from storage.tables.keys import AccessRequest

# A request that is open again shall not close before somebody has had a chance to look.
_LOOKED_AT_WITHIN = timedelta(days=1)


def came_to_work(session: AccountSession, key_id: str, now: datetime) -> None:
    """The key's token is with its person."""
    row = _granting(session, key_id)
    if row is None:
        return
    row.state = RequestStage.GRANTED
    data = {"request": row.id, "name": row.name, "requester": row.requester}
    approver = Actor.read(row.decided_by or "system:issuing")
    audit_log.append(session, now, "request.granted", approver, key_id, data)
    _changed(session, row, now)


def on_key_cancelled(session: AccountSession, key_id: str, now: datetime) -> None:
    """The token did not reach its person, so the key never came to work."""
    row = _granting(session, key_id)
    if row is None:
        return
    row.state, row.key_id = RequestStage.OPEN, None
    row.decided_by = row.decided_at = None
    row.decision_reason = "the token could not be handed over"
    row.closes_at = max(row.closes_at, now + _LOOKED_AT_WITHIN)
    _changed(session, row, now)


def on_key_revoked(session: AccountSession, key_id: str, now: datetime, actor: Actor) -> None:
    """The key was ended for good, perhaps before its token was with its person."""
    row = _granting(session, key_id)
    if row is None:
        return
    row.state, row.decision_reason = RequestStage.DENIED, "the key was revoked"
    row.decided_by, row.decided_at = str(actor), now
    data = {"request": row.id, "name": row.name, "requester": row.requester}
    audit_log.append(session, now, "request.denied", actor, key_id, data)
    _changed(session, row, now)


def _granting(session: AccountSession, key_id: str) -> AccessRequest | None:
    return session.exec(
        select(AccessRequest).where(
            AccessRequest.account_id == session.account_id,
            AccessRequest.key_id == key_id,
            AccessRequest.state == RequestStage.DELIVERING,
        )
    ).first()


def _changed(session: AccountSession, row: AccessRequest, now: datetime) -> None:
    session.add(row)
    session.flush()
    live_messages.mark_stale(session, row.id, now)
