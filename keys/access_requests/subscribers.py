"""What becomes of an access request when its key is activated, cancelled or revoked.

These follow the events of the key's life in the same transaction (keys.operations.SUBSCRIBERS), so
nothing that changes keys has to remember them.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from keys.base.actors import Actor
from keys.base.models import RequestStage
from keys.changes import live_messages
from keys.changes.change import Change
from keys.changes.services import Subscribers
from keys.lifecycle.events import KeyActivated, KeyCancelled, KeyRevoked
from storage.tables import AccessRequest

# A request that is open again stays open until an admin has had a chance to look.
_LOOKED_AT_WITHIN = timedelta(days=1)


def on_key_activated(change: Change, event: KeyActivated) -> None:
    """Grant the request: the key's token is with its requester."""
    row = _delivering(change, event.key_id)
    if row is None:
        return
    row.state = RequestStage.GRANTED
    data = {"request": row.id, "name": row.name, "requester": row.requester}
    approver = Actor.read(row.decided_by or "system:issuing")
    change.append("request.granted", event.key_id, data, actor=approver)
    _changed(change, row)


def on_key_cancelled(change: Change, event: KeyCancelled) -> None:
    """Open the request again: the token did not reach its requester."""
    row = _delivering(change, event.key_id)
    if row is None:
        return
    row.state, row.key_id = RequestStage.OPEN, None
    row.decided_by = row.decided_at = None
    row.decision_reason = "the token could not be handed over"
    row.closes_at = max(row.closes_at, change.now + _LOOKED_AT_WITHIN)
    _changed(change, row)


def on_key_revoked(change: Change, event: KeyRevoked) -> None:
    """Deny the request: the key was revoked before its token was with its requester."""
    row = _delivering(change, event.key_id)
    if row is None:
        return
    row.state, row.decision_reason = RequestStage.DENIED, "the key was revoked"
    row.decided_by, row.decided_at = str(change.actor), change.now
    data = {"request": row.id, "name": row.name, "requester": row.requester}
    change.append("request.denied", event.key_id, data)
    _changed(change, row)


SUBSCRIBERS: Subscribers = {
    KeyActivated: [on_key_activated],
    KeyCancelled: [on_key_cancelled],
    KeyRevoked: [on_key_revoked],
}


def _delivering(change: Change, key_id: str | None) -> AccessRequest | None:
    return change.session.exec(
        select(AccessRequest).where(
            AccessRequest.account_id == change.session.account_id,
            AccessRequest.key_id == key_id,
            AccessRequest.state == RequestStage.DELIVERING,
        )
    ).first()


def _changed(change: Change, row: AccessRequest) -> None:
    change.session.add(row)
    change.session.flush()
    live_messages.mark_stale(change.session, row.id, change.now)
