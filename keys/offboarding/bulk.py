"""Bulk actions: one action for all remaining keys of an offboarding; requested, claimed, done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, or_, select

from keys.base.actors import Actor
from keys.base.errors import InvalidState
from keys.changes.change import Change
from keys.offboarding.events import BulkActionRequested
from keys.offboarding.models import BulkAction, Stage
from keys.offboarding.queries import load_items, load_row
from storage import AccountSession
from storage.tables import Offboarding, OffboardingKey


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One key of a bulk action.

    Attributes:
        recipient: the new owner, or the recipient of a new token if the key has no other owner.
        asked_at: when it was requested, which tells it from an earlier request for the same key.
    """

    offboarding_id: str
    key_id: str
    person: str
    action: BulkAction
    by: Actor
    recipient: str
    asked_at: datetime


def request_bulk_action(
    change: Change, offboarding_id: str, action: BulkAction, recipient: str
) -> int:
    """Request an action for all remaining keys of an offboarding.

    The keys are processed one by one, each by the bot that claims it (`claim_bulk_item`).

    Args:
        recipient: the new owner, or the recipient of a new token if the key has no other owner.

    Returns:
        The number of keys.

    Raises:
        KeyNotFound: if the account has no such offboarding.
        InvalidState: if the recipient is the person who leaves.
    """
    row = load_row(change.session, offboarding_id)
    if recipient == row.person:
        raise InvalidState("That is the person who leaves. Choose another person.")
    if row.state != Stage.OPEN:
        return 0
    count = 0
    for item in load_items(change.session, row):
        if item.result is None and (action is not BulkAction.HAND_OVER or item.owns):
            found = change.session.get_one(OffboardingKey, (row.id, item.key.id))
            found.action, found.action_requested_by = action, str(change.actor)
            found.action_recipient, found.action_requested_at = recipient, change.now
            found.claimed_until, found.problem = None, ""
            change.session.add(found)
            count += 1
    change.session.flush()
    change.record(BulkActionRequested(row, action, count))
    return count


def claim_bulk_item(
    session: AccountSession, now: datetime, claim_ttl: timedelta
) -> BulkItem | None:
    """Claim one key of a bulk action; no other bot gets it until the claim expires."""
    found = session.exec(
        select(OffboardingKey, Offboarding)
        .join(Offboarding, col(Offboarding.id) == col(OffboardingKey.offboarding_id))
        .where(
            OffboardingKey.account_id == session.account_id,
            OffboardingKey.action != "",
            Offboarding.state == Stage.OPEN,
            or_(
                col(OffboardingKey.claimed_until).is_(None),
                col(OffboardingKey.claimed_until) <= now,
            ),
        )
        .order_by(col(OffboardingKey.action_requested_at), col(OffboardingKey.key_id))
        .limit(1)
        .with_for_update(of=OffboardingKey, skip_locked=True)
    ).first()
    if found is None:
        return None
    item, row = found
    item.claimed_until = now + claim_ttl
    session.add(item)
    return BulkItem(
        offboarding_id=row.id,
        key_id=item.key_id,
        person=row.person,
        action=BulkAction(item.action),
        by=Actor.read(item.action_requested_by or ""),
        recipient=item.action_recipient or "",
        asked_at=item.action_requested_at or now,
    )


def complete_bulk_item(change: Change, work: BulkItem, problem: str) -> None:
    """Record that the action was done, or the problem, in a sentence."""
    item = change.session.get_one(OffboardingKey, (work.offboarding_id, work.key_id))
    item.action, item.claimed_until, item.problem = "", None, problem
    change.session.add(item)
    change.session.flush()
    change.mark_stale(work.offboarding_id)


def is_work_waiting(session: AccountSession) -> bool:
    """Return whether `claim_bulk_item` has any key to claim, now or once another claim expires."""
    found = select(OffboardingKey.key_id).where(
        OffboardingKey.account_id == session.account_id, OffboardingKey.action != ""
    )
    return session.exec(found.limit(1)).first() is not None
