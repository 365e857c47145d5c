"""The scheduled steps of a review: recording decisions, reminding, escalating, finishing."""

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
from keys.reviews.evidence import digests
from keys.reviews.lifecycle import lists_to_post, snapshot
from keys.reviews.models import Decision, Stage
from keys.reviews.queries import before, decided_by_count, newest_seq, open_row, view
from storage import AccountSession
from storage.tables import Event, Key, Review, ReviewKey

FIRST_REMINDER = timedelta(days=7)
LAST_REMINDER = timedelta(days=3)
ESCALATION = timedelta(days=1)
# How many keys are revoked in one transaction, so that other changes do not wait for long.
_REVOKED_AT_ONCE = 50
_AT_ONCE = 500
_BY = Actor.system("audit")


def has_due_work(session: AccountSession, now: datetime) -> bool:
    """Return whether there is anything for `run_due` to do."""
    audit = open_row(session)
    if audit is None:
        return False
    if newest_seq(session) > audit.last_seq or _step_is_due(audit, now):
        return True
    return session.exec(_expired(audit, now).limit(1)).first() is not None


def run_due(change: Change, rules: AuditRules) -> int:
    """Record decisions from keys and the audit log, and run the open review's due step.

    Returns:
        1 if there is an open review, else 0.
    """
    audit, now = open_row(change.session), change.now
    if audit is None:
        return 0
    change.session.refresh(audit)
    newest = newest_seq(change.session)
    if (
        newest > audit.last_seq
        or change.session.exec(_expired(audit, now).limit(1)).first() is not None
    ):
        _note_decisions(change.session, audit, now)
        audit.last_seq = newest
        change.session.add(audit)
        change.session.flush()
        # No separate event: the messages only reflect events of the keys' own changes.
        change.mark_stale(about_review(audit.id))
    if not _undecided(change.session, audit):
        _finish(change, audit, now)
    elif _step_is_due(audit, now):
        _run_step(change, audit, rules, now)
    return 1


def _note_decisions(session: Session, audit: Review, now: datetime) -> None:
    """Record decisions made since the review started, from the keys and the audit log."""
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
        _ends_at(audit) <= now
        or (audit.escalated_at is None and audit.deadline_at - ESCALATION <= now)
        or _reminders_due(audit, now) > audit.reminders
    )


def _ends_at(audit: Review) -> datetime:
    return audit.revokes_at or audit.deadline_at


def _reminders_due(audit: Review, now: datetime) -> int:
    first, last = audit.created_at + FIRST_REMINDER, audit.deadline_at - LAST_REMINDER
    # A short review has time for the last reminder only.
    times = (first, last) if first < last else (last,)
    return sum(at <= now for at in times)


def _run_step(change: Change, audit: Review, rules: AuditRules, now: datetime) -> None:
    """Run the most important step that is due; later calls run the others."""
    if _ends_at(audit) <= now:
        _handle_deadline(change, audit, rules, now)
    elif audit.escalated_at is None and audit.deadline_at - ESCALATION <= now:
        audit.escalated_at = now
        left = {"owners": _unanswered_owners(change.session, audit)}
        change.acting_as(_BY).record(ReviewEscalated(_progress(change.session, audit, left)))
    else:
        # One reminder makes up for all that were missed while no bot ran.
        audit.reminders = _reminders_due(audit, now)
        lists = lists_to_post(change.session, audit)
        change.acting_as(_BY).record(ReviewReminded(audit, lists))
    change.session.add(audit)
    change.session.flush()


def _handle_deadline(change: Change, audit: Review, rules: AuditRules, now: datetime) -> None:
    if rules.unanswered is Unanswered.REMIND:
        _leave_unanswered(change.session, audit, now)
        _finish(change, audit, now)
    elif audit.revokes_at is None:
        audit.revokes_at = now + timedelta(days=rules.notice_days)
        owners = _unanswered_owners(change.session, audit)
        unanswered = {
            owner: n
            for owner, n in owners
            if owner and not departures.is_gone(change.session, owner)
        }
        data = _progress(change.session, audit, {"owners": owners})
        change.acting_as(_BY).record(RevocationAnnounced(data, unanswered))
    else:
        some = change.session.exec(_unanswered(audit).limit(_REVOKED_AT_ONCE)).all()
        for key_id in some:
            revoke_key(
                change.acting_as(_BY), key_id, "no answer in the audit",
                announce=False,
            )  # fmt: skip


def _unanswered(audit: Review) -> Any:
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
    """Finish the review: store a snapshot of every key, and record the end."""
    session = change.session
    rows = session.exec(
        select(ReviewKey, Key)
        .join(Key, col(Key.id) == col(ReviewKey.key_id))
        .where(ReviewKey.audit_id == audit.id)
        .order_by(col(ReviewKey.position))
    ).all()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        key_views = views(session, [key for _, key in some])
        for (row, key), seen in zip(some, key_views, strict=True):
            row.snapshot_at_end = snapshot(seen, key.external_id, now)
            session.add(row)
    session.flush()
    data = _progress(session, audit, _compared_with_previous(session, audit))
    digest = digests.digest([digests.end_values(row) for row, _ in rows])
    change.acting_as(_BY).record(ReviewFinished(audit, data, digest))
    # Last and in one statement: from then on, triggers refuse to change the review and its keys.
    audit.audit_log_hash_at_end = audit_log.newest(session)[1]
    audit.state, audit.ended_at, audit.ended_by = Stage.FINISHED, now, str(_BY)
    session.add(audit)
    session.flush()


def _compared_with_previous(session: AccountSession, audit: Review) -> dict[str, Any]:
    flagged = json.loads(audit.flagged)
    last = before(session, view(session, audit))
    if last is None:
        return {"doubtful": flagged}
    return {"doubtful": flagged, "before": {"total": last.total, "doubtful": last.flagged}}


def _progress(session: AccountSession, audit: Review, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a review's progress, as its announcements store it."""
    counts = {decision or "open": n for decision, n in decided_by_count(session, audit.id).items()}
    return {
        "audit": audit.id,
        "total": audit.total,
        "decided": counts,
        "deadline_at": audit.deadline_at.isoformat(timespec="seconds"),
        "revokes_at": audit.revokes_at.isoformat(timespec="seconds") if audit.revokes_at else "",
        **more,
    }


def _unanswered_owners(session: Session, audit: Review) -> list[list[Any]]:
    """Return each owner with the number of unanswered keys, most first; no owner ("") is last."""
    counted = session.execute(
        select(ReviewKey.owner, func.count())
        .where(ReviewKey.audit_id == audit.id, ReviewKey.decision == "")
        .group_by(ReviewKey.owner)
    ).all()
    return sorted(([owner or "", n] for owner, n in counted), key=lambda one: (not one[0], -one[1]))


def _undecided(session: Session, audit: Review) -> bool:
    return session.exec(_unanswered(audit).limit(1)).first() is not None
