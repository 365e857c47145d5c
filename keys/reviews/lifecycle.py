"""Reviews of all keys: starting one, keeping keys, undoing that, asking an owner.

    begin ──→ open ──(every key is decided, or the deadline has passed)──→ finished

Every step happens once, however many bots run or crash: a review is identified by its run
(`Review.period`), and each scheduled step (reminders, escalation, the notice before unanswered keys
are revoked, the end) is recorded in the transaction that adds its messages.

Whether a key was revoked, was rotated or has expired is read from the key and the audit log, so it
counts wherever it was done. Only a decision to keep a key is recorded here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import col, or_, select

from keys.base.errors import InvalidState
from keys.base.ids import new_id
from keys.base.models import KeyView, State
from keys.base.policy import AuditRules
from keys.base.rows import views
from keys.changes import audit_log, outbox
from keys.changes.change import Change
from keys.changes.events import NewLiveMessage
from keys.leaks import detection
from keys.offboarding import departures
from keys.reviews.events import (
    KeepUndone,
    KeptInReview,
    OwnerAsked,
    ReviewScheduled,
    ReviewStarted,
    about_review,
)
from keys.reviews.evidence import digests
from keys.reviews.findings import RiskFinding, risk_findings, severity
from keys.reviews.models import ASKED, Decision, ReviewItem, Stage
from keys.reviews.queries import (
    MESSAGE_KIND,
    audit_row,
    both_rows,
    item,
    items_of,
    open_row,
    rows_of,
)
from keys.transfer import export_keys
from storage import AccountSession
from storage.tables import Departure, Key, Review, ReviewKey

_AT_ONCE = 500


def begin(
    change: Change,
    period: str,
    rules: AuditRules,
) -> str:
    """Start a review of all working keys, unless one is open or was already run for this period.

    Args:
        period: identifies the run: a scheduled time or a manual request.

    Returns:
        The id of the review: the new one, the open one, or the one of this period.

    Raises:
        InvalidState: if there is no key to review.
    """
    of_period = select(Review).where(
        Review.account_id == change.session.account_id, Review.period == period
    )
    if (row := change.session.exec(of_period).first()) is not None:
        return row.id
    if (row := open_row(change.session)) is not None:
        if row.period.startswith(ASKED) and not period.startswith(ASKED):
            # An admin started it ahead of the schedule: one review is enough for both.
            row.period = period
            change.session.add(row)
            change.record(ReviewScheduled(row))
        return row.id
    now = change.now
    seq, audit_log_hash = audit_log.newest(change.session)
    audit = Review(
        id=new_id("aud"),
        account_id=change.session.account_id,
        period=period,
        state=Stage.OPEN,
        started_by=str(change.actor),
        created_at=now,
        deadline_at=now + timedelta(days=rules.days),
        total=0,
        flagged="{}",
        starts_after_seq=seq,
        last_seq=seq,
        audit_log_hash_at_start=audit_log_hash,
    )
    change.session.add(audit)
    change.session.flush()
    counted = _store_keys(change.session, audit, now)
    if not audit.total:
        raise InvalidState("There are no keys yet, so there is nothing to review.")
    audit.flagged = json.dumps(counted)
    change.session.add(audit)
    rows = change.session.exec(
        select(ReviewKey).where(ReviewKey.audit_id == audit.id).order_by(col(ReviewKey.position))
    )
    digest = digests.digest([digests.start_values(row) for row in rows])
    change.record(ReviewStarted(audit, lists_to_post(change.session, audit), digest))
    return audit.id


def _store_keys(session: AccountSession, audit: Review, now: datetime) -> Counter[RiskFinding]:
    """Store a snapshot of every working key, riskiest first; return the number of each finding."""
    gone = set(
        session.exec(
            select(Departure.user_id).where(
                Departure.account_id == audit.account_id, col(Departure.departed_at).is_not(None)
            )
        )
    )
    leaked = detection.leaked_keys(session, now)
    counted: Counter[RiskFinding] = Counter()
    rows: list[tuple[int, str, str, dict[str, Any]]] = []
    for key, external_id in _working_keys(session, now):
        reasons = risk_findings(key, gone, now, leaked)
        counted.update(reasons)
        values = {
            "audit_id": audit.id,
            "key_id": key.id,
            "owner": key.owner,
            "risk_findings": " ".join(reasons),
            "snapshot_at_start": snapshot(key, external_id, now),
            "snapshot_at_end": "",
            "decision": "",
            "reason": "",
        }
        rows.append((-severity(reasons), key.name.casefold(), key.id, values))
    rows.sort(key=lambda row: row[:3])
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        placed = [row[3] | {"position": start + n} for n, row in enumerate(some)]
        session.execute(insert(ReviewKey), placed)
    audit.total = len(rows)
    return counted


def _working_keys(session: AccountSession, now: datetime) -> Iterator[tuple[KeyView, str | None]]:
    query = (
        select(Key)
        .where(
            Key.account_id == session.account_id,
            Key.state == State.ACTIVE,
            or_(col(Key.expires_at).is_(None), col(Key.expires_at) > now),
        )
        .order_by(col(Key.id))
        .limit(_AT_ONCE)
    )
    some = session.exec(query).all()
    while some:
        for key, seen in zip(some, views(session, some), strict=True):
            yield seen, key.external_id
        some = session.exec(query.where(col(Key.id) > some[-1].id)).all()


def snapshot(key: KeyView, external_id: str | None, now: datetime) -> str:
    """Return a key as JSON for the evidence."""
    exported = export_keys.row(key, external_id, now)
    return json.dumps(exported, ensure_ascii=False, sort_keys=True)


def lists_to_post(session: AccountSession, audit: Review) -> list[NewLiveMessage]:
    """Return this round's lists: the team's and each owner's, or only the unanswered owners'.

    The lists of each round replace those of the round before.
    """
    subject = f"{about_review(audit.id)}{audit.reminders}"
    recipients = [] if audit.reminders else [outbox.TEAM]
    owners = session.exec(
        select(ReviewKey.owner)
        .where(
            ReviewKey.audit_id == audit.id,
            ReviewKey.decision == "",
            col(ReviewKey.owner).is_not(None),
        )
        .distinct()
    ).all()
    recipients += [
        outbox.to_person(owner)
        for owner in owners
        if owner and not departures.is_gone(session, owner)
    ]
    return [NewLiveMessage(MESSAGE_KIND, subject, recipient) for recipient in recipients]


def keep(
    change: Change,
    audit_id: str,
    key_id: str,
    reason: str = "",
) -> ReviewItem:
    """Keep a key; nothing changes if it was decided before.

    Args:
        reason: why it is kept; may be empty.

    Returns:
        The key with its decision, new or earlier.

    Raises:
        KeyNotFound: if the account has no such review, or the key is not in it.
    """
    audit, row = both_rows(change.session, audit_id, key_id)
    if audit.state == Stage.OPEN and not row.decision:
        row.decision, row.decided_by, row.decided_at = Decision.KEPT, str(change.actor), change.now
        row.reason = reason
        change.session.add(row)
        change.session.flush()
        change.record(KeptInReview(audit, key_id, reason))
    return item(change.session, audit_id, key_id)


def keep_all(change: Change, audit_id: str, key_ids: Collection[str]) -> list[ReviewItem]:
    """Keep many keys; those that were decided before stay as they are.

    Returns:
        The keys that were not decided before.

    Raises:
        KeyNotFound: if the account has no such review.
    """
    audit = audit_row(change.session, audit_id)
    rows = rows_of(change.session, audit_id, key_ids) if audit.state == Stage.OPEN else []
    rows = [row for row in rows if not row.decision]
    for row in rows:
        row.decision, row.decided_by, row.decided_at = Decision.KEPT, str(change.actor), change.now
        change.session.add(row)
    change.session.flush()
    for row in rows:
        change.record(KeptInReview(audit, row.key_id, ""))
    return items_of(change.session, rows)


def undo_keep(change: Change, audit_id: str, key_ids: Collection[str]) -> int:
    """Undo the decisions to keep these keys; keys with another decision stay as they are.

    Returns:
        How many were kept until now.

    Raises:
        KeyNotFound: if the account has no such review.
        InvalidState: if the review has ended.
    """
    audit = audit_row(change.session, audit_id)
    if audit.state != Stage.OPEN:
        raise InvalidState("The audit is over, so its decisions stay. Revoke the key if need be.")
    found = rows_of(change.session, audit_id, key_ids)
    kept = [row for row in found if row.decision == Decision.KEPT]
    for row in kept:
        row.decision, row.decided_by, row.decided_at, row.reason = "", None, None, ""
        change.session.add(row)
    change.session.flush()
    for row in kept:
        change.record(KeepUndone(audit, row.key_id))
    return len(kept)


def ask_owner(
    change: Change,
    audit_id: str,
    key_id: str,
) -> ReviewItem:
    """Ask a key's owner, once, whether it is still needed.

    Raises:
        KeyNotFound: if the account has no such review, or the key is not in it.
        InvalidState: if the key has no owner, or its owner has left.
    """
    audit, row = both_rows(change.session, audit_id, key_id)
    key, now = change.load(key_id), change.now
    if key.owner is None:
        raise InvalidState(f"“{key.name}” has no owner. Choose an owner with Edit.")
    if departures.is_gone(change.session, key.owner):
        raise InvalidState(
            f"The owner of “{key.name}” has left. Rotate it, or choose another owner with Edit."
        )
    if audit.state == Stage.OPEN and not row.decision and row.asked_at is None:
        row.asked_at = now
        change.session.add(row)
        change.record(OwnerAsked(audit, key_id, key.owner, str(change.actor)))
    return item(change.session, audit_id, key_id)
