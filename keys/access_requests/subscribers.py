"""Updates to an access request when its key is activated, cancelled or revoked.

They run in the transaction of the key's event (keys.operations.SUBSCRIBERS), so code that changes
keys does not depend on access requests.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from keys.access_requests.decisions import decide
from keys.access_requests.events import RequestDenied, RequestGranted, RequestReopened
from keys.base.actors import Actor
from keys.base.models import RequestStage
from keys.changes.change import Change
from keys.changes.outbox import to_person
from keys.changes.services import Subscribers
from keys.lifecycle.events import KeyActivated, KeyCancelled, KeyRevoked
from storage.tables import AccessRequest

# A reopened request stays open long enough for an admin to look at it.
_LOOKED_AT_WITHIN = timedelta(days=1)


def on_key_activated(change: Change, event: KeyActivated) -> None:
    """Grant the request: the requester has the key's token."""
    row = _delivering(change, event.key_id)
    if row is None:
        return
    row.state = RequestStage.GRANTED
    _keep(change, row)
    # The admin who approved it counts as granting it, whichever bot delivered the token.
    approver = Actor.read(row.decided_by or "system:issuing")
    change.acting_as(approver).record(RequestGranted(row))


def on_key_cancelled(change: Change, event: KeyCancelled) -> None:
    """Reopen the request: the token did not reach the requester."""
    row = _delivering(change, event.key_id)
    if row is None:
        return
    row.state, row.key_id = RequestStage.OPEN, None
    row.decided_by = row.decided_at = None
    row.decision_reason = "the token could not be delivered"
    row.closes_at = max(row.closes_at, change.now + _LOOKED_AT_WITHIN)
    _keep(change, row)
    change.record(RequestReopened(row, event.key_id))


def on_key_revoked(change: Change, event: KeyRevoked) -> None:
    """Deny the request: the key was revoked before the requester had its token."""
    row = _delivering(change, event.key_id)
    if row is None:
        return
    # Being denied is the news to them, and says how to ask again.
    event.knows.add(to_person(row.requester))
    decide(change, row, RequestStage.DENIED, "the key was revoked")
    change.record(RequestDenied(row))


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


def _keep(change: Change, row: AccessRequest) -> None:
    change.session.add(row)
    change.session.flush()
