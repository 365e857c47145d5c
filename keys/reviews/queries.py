"""Reading reviews and the keys in them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.base.models import KeyView, State
from keys.base.rows import views
from keys.reviews.events import about_review
from keys.reviews.findings import RiskFinding
from keys.reviews.models import Decision, ReviewItem, ReviewView, Stage
from storage import AccountSession
from storage.tables import Event, Key, LiveMessageRow, Review, ReviewKey

MESSAGE_KIND = "audit"


@dataclass(frozen=True, slots=True)
class LatestDecisions:
    """Decisions that one person made at once.

    Attributes:
        key: the key, if there is one; else one of them.
    """

    by: Actor
    decision: Decision
    count: int
    key: KeyView


def has_keys(
    session: AccountSession,
) -> bool:
    """Return whether there is any key to review."""
    found = select(Key.id).where(Key.account_id == session.account_id, Key.state == State.ACTIVE)
    return session.exec(found.limit(1)).first() is not None


def has_list(session: AccountSession, subject: str, recipient: str) -> bool:
    """Return whether a recipient has a list of this round."""
    found = select(LiveMessageRow.id).where(
        LiveMessageRow.account_id == session.account_id,
        LiveMessageRow.kind == MESSAGE_KIND,
        LiveMessageRow.subject == subject,
        LiveMessageRow.recipient == recipient,
    )
    return session.exec(found).first() is not None


def has_any_list(session: AccountSession, audit_id: str, recipient: str) -> bool:
    """Return whether a recipient has a list of any round of a review."""
    found = select(LiveMessageRow.id).where(
        LiveMessageRow.account_id == session.account_id,
        LiveMessageRow.kind == MESSAGE_KIND,
        col(LiveMessageRow.subject).startswith(about_review(audit_id), autoescape=True),
        LiveMessageRow.recipient == recipient,
    )
    return session.exec(found.limit(1)).first() is not None


def may_decide(session: AccountSession, audit_id: str, key_id: str, person: str) -> bool:
    """Return whether a person may decide on a key in a review as its owner or backup owner."""
    audit, row = session.get(Review, audit_id), session.get(ReviewKey, (audit_id, key_id))
    key = session.get(Key, key_id)
    return (
        audit is not None
        and audit.account_id == session.account_id
        and audit.state == Stage.OPEN
        and row is not None
        and key is not None
        and person in (key.owner, key.backup_owner)
    )


def is_due(session: AccountSession, period: str) -> bool:
    """Return whether no review was run for a period yet."""
    found = select(Review.id).where(
        Review.account_id == session.account_id, Review.period == period
    )
    return session.exec(found).first() is None


def get(session: AccountSession, audit_id: str) -> ReviewView:
    """Return one review. Raises KeyNotFound if the account has no such review."""
    return view(session, audit_row(session, audit_id))


def newest(
    session: AccountSession,
) -> ReviewView | None:
    """Return the open review, or else the last one; None if there are none."""
    row = session.exec(
        select(Review)
        .where(Review.account_id == session.account_id)
        .order_by(col(Review.created_at).desc())
        .limit(1)
    ).first()
    return view(session, row) if row is not None else None


def before(session: AccountSession, audit: ReviewView) -> ReviewView | None:
    """Return the finished review before this one; None if this is the first."""
    row = session.exec(
        select(Review)
        .where(
            Review.account_id == session.account_id,
            Review.state == Stage.FINISHED,
            col(Review.created_at) < audit.created_at,
        )
        .order_by(col(Review.created_at).desc())
        .limit(1)
    ).first()
    return view(session, row) if row is not None else None


def item(session: AccountSession, audit_id: str, key_id: str) -> ReviewItem:
    """Return one key in a review. Raises KeyNotFound if it is not in it."""
    _, row = both_rows(session, audit_id, key_id)
    return items_of(session, [row])[0]


def latest(session: AccountSession, audit_id: str, most: int = 3) -> list[LatestDecisions]:
    """Return the latest decisions, newest first; those that were made at once are one."""
    audit_row(session, audit_id)
    by, decision, at = col(ReviewKey.decided_by), col(ReviewKey.decision), col(ReviewKey.decided_at)
    found = session.execute(
        select(by, decision)
        .add_columns(func.count(), func.min(ReviewKey.key_id))
        .where(col(ReviewKey.audit_id) == audit_id, by.is_not(None))
        .group_by(by, decision, at)
        .order_by(at.desc(), func.min(ReviewKey.position))
        .limit(most)
    ).all()
    keys = session.exec(select(Key).where(col(Key.id).in_([one[3] for one in found]))).all()
    by_id = {key.id: key for key in views(session, keys)}
    return [
        LatestDecisions(Actor.read(actor), Decision(decided), int(count), by_id[key_id])
        for actor, decided, count, key_id in found
    ]


def items_of(session: Session, rows: Sequence[ReviewKey]) -> list[ReviewItem]:
    """Return rows as values, in their order."""
    found = session.exec(select(Key).where(col(Key.id).in_([row.key_id for row in rows]))).all()
    keys = {key.id: key for key in views(session, found)}
    return [
        ReviewItem(
            key=keys[row.key_id],
            risk_findings=tuple(RiskFinding(one) for one in row.risk_findings.split()),
            decision=Decision(row.decision) if row.decision else None,
            by=Actor.read(row.decided_by) if row.decided_by else None,
            at=row.decided_at,
            reason=row.reason,
            asked_at=row.asked_at,
        )
        for row in rows
    ]


def view(session: Session, row: Review) -> ReviewView:
    """Return a row as a value."""
    counted = decided_by_count(session, row.id)
    return ReviewView(
        id=row.id,
        period=row.period,
        stage=Stage(row.state),
        started_by=Actor.read(row.started_by),
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        ended_at=row.ended_at,
        total=row.total,
        flagged={RiskFinding(one): count for one, count in json.loads(row.flagged).items()},
        decided={Decision(decision): count for decision, count in counted.items() if decision},
        revokes_at=row.revokes_at,
        reminders=row.reminders,
    )


def decided_by_count(session: Session, audit_id: str) -> dict[str, int]:
    """Return the number of keys with each decision; undecided keys are under an empty string."""
    counted = session.execute(
        select(ReviewKey.decision, func.count())
        .where(ReviewKey.audit_id == audit_id)
        .group_by(ReviewKey.decision)
    )
    return {str(decision): int(count) for decision, count in counted}


def open_row(
    session: AccountSession,
) -> Review | None:
    """Return the row of the open review, if there is one."""
    return session.exec(
        select(Review).where(Review.account_id == session.account_id, Review.state == Stage.OPEN)
    ).first()


def audit_row(session: AccountSession, audit_id: str) -> Review:
    """Return a review's row. Raises KeyNotFound."""
    row = session.get(Review, audit_id)
    if row is None or row.account_id != session.account_id:
        raise KeyNotFound("There is no such audit.")
    return row


def both_rows(session: AccountSession, audit_id: str, key_id: str) -> tuple[Review, ReviewKey]:
    """Return the rows of a review and of a key in it. Raises KeyNotFound."""
    audit = audit_row(session, audit_id)
    row = session.get(ReviewKey, (audit_id, key_id))
    if row is None:
        raise KeyNotFound("This key is not in the audit.")
    return audit, row


def rows_of(
    session: AccountSession, audit_id: str, key_ids: Collection[str]
) -> Sequence[ReviewKey]:
    """Return the rows of these keys in a review, riskiest first; others are left out."""
    return session.exec(
        select(ReviewKey)
        .where(ReviewKey.audit_id == audit_id, col(ReviewKey.key_id).in_(key_ids))
        .order_by(col(ReviewKey.position))
    ).all()


def newest_seq(
    session: AccountSession,
) -> int:
    """Return the number of the newest entry in the audit log."""
    newest = session.exec(
        select(func.max(Event.seq)).where(Event.account_id == session.account_id)
    ).one()
    return int(newest or 0)
