"""Comparing a review's rows with the audit log, before evidence of it is written.

What the evidence shows is only what the audit log says or covers. A row that was changed in the
database by other means is found here, and nothing is signed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlmodel import col, select

from keys.base.errors import EvidenceMismatch
from keys.reviews.evidence import digests, reconciliation, review_log
from keys.reviews.evidence.digests import Values, format_time
from keys.reviews.evidence.reconciliation import Extent, differs, name_key
from keys.reviews.evidence.review_log import Entry, ReviewLog
from keys.reviews.models import ASKED, Stage
from keys.reviews.queries import audit_row
from storage import AccountSession
from storage.tables import Review, ReviewKey


@dataclass(frozen=True, slots=True)
class ComparedReview:
    """A review whose rows say what the audit log says.

    Attributes:
        period: the recorded period.
        rows, starts, ends: its keys, as rows and as the digests cover them; if it is open, there
            are no `ends`.
        start_digest, end_digest: the recorded digests; None if it started or ended before the
            audit log kept them.
        decisions: what the audit log has of its keys.
    """

    audit: Review
    period: str
    rows: Sequence[ReviewKey]
    starts: Sequence[Values]
    ends: Sequence[Values]
    start_digest: str | None
    end_digest: str | None
    decisions: Sequence[Values]


def load(session: AccountSession, audit_id: str) -> ComparedReview:
    """Read a review, and compare all that evidence shows of it with the audit log.

    Args:
        session: a session that was not used yet is set to read one snapshot of the database.

    Raises:
        KeyNotFound: if the account has no such review.
        EvidenceMismatch: if its rows and the audit log differ.
    """
    _read_one_snapshot(session)
    with _readable(audit_id):
        audit = audit_row(session, audit_id)
        rows = session.exec(
            select(ReviewKey)
            .where(ReviewKey.audit_id == audit_id)
            .order_by(col(ReviewKey.position), col(ReviewKey.key_id))
        ).all()
    log = review_log.read(session, audit_id, {row.key_id for row in rows})
    with _readable(audit_id):
        starts = _values(audit_id, rows, digests.start_values)
        ends = _values(audit_id, rows, digests.end_values) if log.finished is not None else []
        found = [
            *_decisions(audit, rows, starts, ends, log),
            *_columns(rows, starts, log),
            *_rows("at the start", log.started, "start", starts, starts),
            *_review(audit, starts, log),
        ]
    if log.finished is not None:
        found += _rows("at the end", log.finished, "end", ends, starts)
    if found:
        raise EvidenceMismatch(audit_id, found)
    return ComparedReview(
        audit=audit,
        period=log.period,
        rows=rows,
        starts=starts,
        ends=ends,
        start_digest=_digest(log.started, "start"),
        end_digest=_digest(log.finished, "end") if log.finished is not None else None,
        decisions=[entry.as_decision() for entry in log.decisions],
    )


@contextmanager
def _readable(audit_id: str, whose: str = "The audit") -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        # Only what this program did not write cannot be read.
        raise EvidenceMismatch(audit_id, [f"{whose}: its row cannot be read."]) from error


def _values(
    audit_id: str, rows: Sequence[ReviewKey], read: Callable[[ReviewKey], Values]
) -> list[Values]:
    found = []
    for row in rows:
        with _readable(audit_id, f"Key {row.key_id}"):
            found.append(read(row))
    return found


def _read_one_snapshot(session: AccountSession) -> None:
    # A decision that is made while rows and audit log are read must be in both, or in neither. On
    # SQLite every transaction reads one snapshot.
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _decisions(
    audit: Review,
    rows: Sequence[ReviewKey],
    starts: Sequence[Values],
    ends: Sequence[Values],
    log: ReviewLog,
) -> Iterator[str]:
    extent = Extent(
        audit.id,
        format_time(log.finished.at) if log.finished is not None else None,
        audit.last_seq if log.finished is None else None,
    )
    snapshots = [end["at_end"] for end in ends] or [{} for _ in rows]
    return reconciliation.compare(
        extent,
        {row.key_id: start["at_start"] for row, start in zip(rows, starts, strict=True)},
        [entry.as_decision() for entry in log.decisions],
        {row.key_id: end | digests.decision(row) for row, end in zip(rows, snapshots, strict=True)},
    )


def _columns(rows: Sequence[ReviewKey], starts: Sequence[Values], log: ReviewLog) -> Iterator[str]:
    """Compare the columns of each row that repeat its snapshot or the audit log."""
    asked = {entry.key_id: entry.at for entry in log.decisions if entry.kind == "audit.owner_asked"}
    for row, start in zip(rows, starts, strict=True):
        seen, whose = start["at_start"], name_key(row.key_id, start["at_start"])
        if (row.key_id, row.owner) != (seen["id"], seen["owner"]):
            yield f"{whose}: key_id and owner are not those in at_start."
        if row.asked_at != asked.get(row.key_id):
            yield differs(whose, "asked_at", row.asked_at, asked.get(row.key_id))


def _review(audit: Review, starts: Sequence[Values], log: ReviewLog) -> Iterator[str]:
    """Compare the review's own row, column by column."""
    started, finished = log.started, log.finished
    counted = Counter(finding for start in starts for finding in start["doubts"])
    compared = {
        "number of keys": (len(starts), started.data.get("keys")),
        "total": (audit.total, started.data.get("keys")),
        # Covered by the digest at the start.
        "doubtful": (json.loads(audit.flagged), dict(counted)),
        "started_by": (audit.started_by, started.actor),
        "created_at": (audit.created_at, started.at),
        "begun_after": (audit.starts_after_seq, started.seq - 1),
        "record_hash": (audit.audit_log_hash_at_start, started.previous),
        "state": (audit.state, Stage.OPEN if finished is None else Stage.FINISHED),
        "ended_at": (audit.ended_at, finished and finished.at),
        "ended_by": (audit.ended_by, finished and finished.actor),
        "ended_hash": (audit.audit_log_hash_at_end, finished.hash if finished else ""),
    }
    covered = "start" in started.data
    deadline = (started if covered or finished is None else finished).data.get("deadline_at")
    if covered or finished is not None:
        compared["deadline_at"] = (format_time(audit.deadline_at), deadline)
    # Before the audit log kept digests, it did not keep that the schedule took over a review.
    if covered or not log.period.startswith(ASKED):
        compared["period"] = (audit.period, log.period)
    for name, (value, recorded) in compared.items():
        if value != recorded:
            yield differs("The audit", name, value, recorded)


def _digest(entry: Entry, name: str) -> str | None:
    found = entry.data.get(name)
    return str(found["sha256"]) if isinstance(found, dict) else None


def _rows(
    when: str, entry: Entry, name: str, rows: Sequence[Values], starts: Sequence[Values]
) -> Iterator[str]:
    """Compare all rows with the digests in an entry, if it has them."""
    recorded = entry.data.get(name)
    if not isinstance(recorded, dict):
        return
    positions = digests.changed(recorded, rows)
    if positions is None:
        return
    if not positions:
        yield f"The keys {when} are not those in the audit log."
    for position in positions:
        key = name_key(rows[position]["key"], starts[position]["at_start"])
        yield f"{key}: its row {when} is not the one in the audit log."
