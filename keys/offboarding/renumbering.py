"""Follow people whose user id Slack has replaced, as in a migration to Enterprise Grid.

Source: https://docs.slack.dev/enterprise/developing-for-enterprise-orgs, user ids with U and W.
"""

from __future__ import annotations

from sqlmodel import col, or_, select

from keys.base.models import RequestStage, State
from keys.changes.change import Change
from keys.offboarding.departures import get
from keys.offboarding.events import PersonRenumbered
from storage.tables import AccessRequest, Key


def renumber(change: Change, before: str, after: str) -> int:
    """Replace a person's id in keys and requests that are not final; return in how many.

    Args:
        before, after: the id so far, and the one by which Slack knows the person now.
    """
    session = change.session
    count = 0
    for key in session.exec(
        select(Key).where(
            Key.account_id == session.account_id,
            col(Key.state).in_((State.PENDING, State.ACTIVE)),
            or_(Key.owner == before, Key.backup_owner == before),
        )
    ).all():
        key.owner = after if key.owner == before else key.owner
        key.backup_owner = after if key.backup_owner == before else key.backup_owner
        session.add(key)
        session.flush()
        change.record(PersonRenumbered(key.id, before, after))
        count += 1
    for request in session.exec(
        select(AccessRequest).where(
            AccessRequest.account_id == session.account_id,
            AccessRequest.state == RequestStage.OPEN,
            AccessRequest.requester == before,
        )
    ).all():
        request.requester = after
        session.add(request)
        session.flush()
        change.record(PersonRenumbered(None, before, after, request=request.id))
        count += 1
    # Slack is not asked about the former id again.
    if (row := get(session, before)) is not None:
        session.delete(row)
    return count
