"""Posting the evidence of a finished review: once, by one bot."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from keys.base.errors import EvidenceMismatch
from keys.changes.change import Change
from keys.reviews.events import EvidenceRefused
from keys.reviews.models import ReviewView, Stage
from keys.reviews.queries import audit_row, view
from storage import AccountSession
from storage.tables import Review


def is_waiting(session: AccountSession) -> bool:
    """Return whether a finished review's evidence still has to be posted."""
    return session.exec(_waiting(session.account_id).limit(1)).first() is not None


def claim(session: AccountSession, now: datetime, claim_ttl: timedelta) -> ReviewView | None:
    """Claim a review whose evidence has to be posted; no other bot gets it meanwhile."""
    row = session.exec(
        _waiting(session.account_id)
        .where(or_(col(Review.claimed_until).is_(None), col(Review.claimed_until) <= now))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    row.claimed_until = now + claim_ttl
    session.add(row)
    session.flush()
    return view(session, row)


def mark_posted(session: AccountSession, audit_id: str, now: datetime) -> None:
    """Record that the evidence was posted, or will not be."""
    row = audit_row(session, audit_id)
    row.evidence_posted_at, row.claimed_until = now, None
    session.add(row)


def refuse(change: Change, error: EvidenceMismatch) -> None:
    """Announce once that the evidence is not posted, and what differs; it is not tried again."""
    change.record(EvidenceRefused(error.audit, error.differences))
    mark_posted(change.session, error.audit, change.now)


def postpone(session: AccountSession, audit_id: str, at: datetime) -> None:
    """Release a claimed review: its evidence could not be posted now."""
    row = audit_row(session, audit_id)
    row.claimed_until = at
    session.add(row)


def _waiting(account_id: str) -> SelectOfScalar[Review]:
    return select(Review).where(
        Review.account_id == account_id,
        Review.state == Stage.FINISHED,
        col(Review.evidence_posted_at).is_(None),
    )
