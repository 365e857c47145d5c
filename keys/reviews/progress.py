"""What time brings about in a review: it follows the keys, reminds, escalates, and ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, or_, select

from keys.base.actors import Actor
from keys.base.models import State
from keys.base.policy import AuditRules, Unanswered
from keys.base.rows import views
from keys.changes import audit_log
from keys.changes.change import Change
from keys.lifecycle.revoke import revoke_key
from keys.offboarding import departures
from keys.reviews.events import (
    ReviewEscalated,
    ReviewFinished,
    ReviewReminded,
    RevocationAnnounced,
    about_review,
)
from keys.reviews.lifecycle import lists_to_post, snapshot
from keys.reviews.models import Decision, Stage
from keys.reviews.queries import before, decided_by_count, newest_place, open_row, view
from storage import AccountSession
from storage.tables import Event, Key, Review, ReviewKey

FIRST_REMINDER = timedelta(days=7)
LAST_REMINDER = timedelta(days=3)
ESCALATION = timedelta(days=1)
# So many are revoked in one transaction, so that nobody else waits for long.
_REVOKED_AT_ONCE = 50
_AT_ONCE = 500
_BY = Actor.system("audit")


def has_due_work(session: AccountSession, now: datetime) -> bool:
    """Whether there is anything for `run_due` to do."""
    audit = open_row(session)
    if audit is None:
        return False
    if newest_place(session) > audit.last_seq or _step_is_due(audit, now):
        return True
    return session.exec(_expired(audit, now).limit(1)).first() is not None


def run_due(change: Change, rules: AuditRules) -> int:
    """Record what was done with keys, and take the steps of the open review that are due.

    Returns:
        1 if there is an open audit, else 0.
    """
    audit, now = open_row(change.session), change.now
    if audit is None:
        return 0
    change.session.refresh(audit)
    newest = newest_place(change.session)
    if (
        newest > audit.last_seq
        or change.session.exec(_expired(audit, now).limit(1)).first() is not None
    ):
        _note_decisions(change.session, audit, now)
        audit.last_seq = newest
        change.session.add(audit)
        change.session.flush()
        # No event of its own: what is shown follows events that the keys' changes recorded.
        change.mark_stale(about_review(audit.id))
    if not _undecided(change.session, audit):
        _finish(change, audit, now)
    elif _step_is_due(audit, now):
        _step(change, audit, rules, now)
    return 1


def _note_decisions(session: Session, audit: Review, now: datetime) -> None:
    """Read from keys and the audit log what was done with them since the review began."""
    ended = session.exec(
        select(ReviewKey, Key)
        .join(Key, col(Key.id) == col(ReviewKey.key_id))
        .where(
            ReviewKey.audit_id == audit.id,
            or_(
                (col(Key.state) != State.ACTIVE) & (col(ReviewKey.decision) != Decision.REVOKED),
                (col(Key.expires_at) <= now) & (col(ReviewKey.decision) == ""),
            ),
        )
    ).all()
    for row, key in ended:
        if key.state != State.ACTIVE:
            by = key.revoked_by or str(_BY)
            _decide(session, row, Decision.REVOKED, by, key.revoked_at or now, key.revoked_reason)
        else:
            _decide(session, row, Decision.EXPIRED, str(_BY), key.expires_at or now, "")
    rotated = session.exec(
        select(ReviewKey, Event)
        .join(Event, col(Event.key_id) == col(ReviewKey.key_id))
        .where(
            ReviewKey.audit_id == audit.id,
            ReviewKey.decision == "",
            Event.account_id == audit.account_id,
            col(Event.seq) > audit.starts_after_seq,
            Event.kind == "key.rotated",
        )
        .order_by(col(Event.seq))
    ).all()
    for row, event in rotated:
        _decide(session, row, Decision.ROTATED, event.actor, event.at, "")


def _decide(
    session: Session, row: ReviewKey, decision: Decision, by: str, at: datetime, reason: str
) -> None:
    row.decision, row.decided_by, row.decided_at, row.reason = decision, by, at, reason
    session.add(row)


def _expired(audit: Review, now: datetime) -> Any:
    return (
        select(ReviewKey.key_id)
        .join(Key, col(Key.id) == col(ReviewKey.key_id))
        .where(ReviewKey.audit_id == audit.id, ReviewKey.decision == "", col(Key.expires_at) <= now)
    )


def _step_is_due(audit: Review, now: datetime) -> bool:
    return (
        _end_of(audit) <= now
        or (audit.escalated_at is None and audit.deadline_at - ESCALATION <= now)
        or _reminders_due(audit, now) > audit.reminders
    )


def _end_of(audit: Review) -> datetime:
    return audit.revokes_at or audit.deadline_at


def _reminders_due(audit: Review, now: datetime) -> int:
    first, last = audit.created_at + FIRST_REMINDER, audit.deadline_at - LAST_REMINDER
    # A short audit has no room for the first beside the last.
    times = (first, last) if first < last else (last,)
    return sum(at <= now for at in times)


def _step(change: Change, audit: Review, rules: AuditRules, now: datetime) -> None:
    """Take the gravest step that is due; the others follow in rounds of their own."""
    if _end_of(audit) <= now:
        _at_the_end(change, audit, rules, now)
    elif audit.escalated_at is None and audit.deadline_at - ESCALATION <= now:
        audit.escalated_at = now
        left = {"owners": _owners_left(change.session, audit)}
        change.acting_as(_BY).record(ReviewEscalated(_standing(change.session, audit, left)))
    else:
        # However many were missed while no bot ran, people are reminded once.
        audit.reminders = _reminders_due(audit, now)
        lists = lists_to_post(change.session, audit)
        change.acting_as(_BY).record(ReviewReminded(audit, lists))
    change.session.add(audit)
    change.session.flush()


def _at_the_end(change: Change, audit: Review, rules: AuditRules, now: datetime) -> None:
    if rules.unanswered is Unanswered.REMIND:
        _leave_unanswered(change.session, audit, now)
        _finish(change, audit, now)
    elif audit.revokes_at is None:
        audit.revokes_at = now + timedelta(days=rules.notice_days)
        owners = _owners_left(change.session, audit)
        unanswered = {
            owner: n
            for owner, n in owners
            if owner and not departures.is_gone(change.session, owner)
        }
        data = _standing(change.session, audit, {"owners": owners})
        change.acting_as(_BY).record(RevocationAnnounced(data, unanswered))
    else:
        some = change.session.exec(_left(audit).limit(_REVOKED_AT_ONCE)).all()
        for key_id in some:
            revoke_key(
                change.acting_as(_BY), key_id, "nobody answered in the audit",
                announce=False,
            )  # fmt: skip


def _left(audit: Review) -> Any:
    return (
        select(ReviewKey.key_id)
        .where(ReviewKey.audit_id == audit.id, ReviewKey.decision == "")
        .order_by(col(ReviewKey.position))
    )


def _leave_unanswered(session: Session, audit: Review, now: datetime) -> None:
    session.execute(
        update(ReviewKey)
        .where(col(ReviewKey.audit_id) == audit.id, col(ReviewKey.decision) == "")
        .values(decision=Decision.UNANSWERED, decided_at=now),
        execution_options={"synchronize_session": "fetch"},
    )


def _finish(change: Change, audit: Review, now: datetime) -> None:
    """End it: store every key as it is now, and record the end."""
    session = change.session
    rows = session.exec(
        select(ReviewKey, Key)
        .join(Key, col(Key.id) == col(ReviewKey.key_id))
        .where(ReviewKey.audit_id == audit.id)
    ).all()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        key_views = views(session, [key for _, key in some])
        for (row, key), seen in zip(some, key_views, strict=True):
            row.snapshot_at_end = snapshot(seen, key.external_id, now)
            session.add(row)
    audit.state, audit.ended_at, audit.ended_by = Stage.FINISHED, now, str(_BY)
    session.add(audit)
    session.flush()
    data = _standing(session, audit, _beside_the_last(session, audit))
    change.acting_as(_BY).record(ReviewFinished(audit, data))
    audit.audit_log_hash_at_end = audit_log.latest_hash(session)
    session.add(audit)


def _beside_the_last(session: AccountSession, audit: Review) -> dict[str, Any]:
    flagged = json.loads(audit.flagged)
    last = before(session, view(session, audit))
    if last is None:
        return {"doubtful": flagged}
    return {"doubtful": flagged, "before": {"total": last.total, "doubtful": last.flagged}}


def _standing(session: AccountSession, audit: Review, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far a review has come, as its announcements store it."""
    counts = {decision or "open": n for decision, n in decided_by_count(session, audit.id).items()}
    return {
        "audit": audit.id,
        "total": audit.total,
        "decided": counts,
        "deadline_at": audit.deadline_at.isoformat(timespec="seconds"),
        "revokes_at": audit.revokes_at.isoformat(timespec="seconds") if audit.revokes_at else "",
        **more,
    }


def _owners_left(session: Session, audit: Review) -> list[list[Any]]:
    """Who has not answered, and for how many keys; most first, nobody's last as ""."""
    counted = session.execute(
        select(ReviewKey.owner, func.count())
        .where(ReviewKey.audit_id == audit.id, ReviewKey.decision == "")
        .group_by(ReviewKey.owner)
    ).all()
    return sorted(([owner or "", n] for owner, n in counted), key=lambda one: (not one[0], -one[1]))


def _undecided(session: Session, audit: Review) -> bool:
    return session.exec(_left(audit).limit(1)).first() is not None
