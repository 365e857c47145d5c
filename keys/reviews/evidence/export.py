"""Writing the evidence of a review: signed JSON, or CSV with a line for each key.

Both are written only if the review's rows say what the audit log says.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from keys.credentials.peppers import Peppers
from keys.reviews.evidence import comparison, digests, files
from keys.reviews.evidence.comparison import ComparedReview
from keys.reviews.evidence.digests import Values, format_time
from keys.transfer.export_keys import cell
from storage import AccountSession

COLUMNS = (
    "name", "id", "owner", "doubts", "decision", "decided_by", "decided_at", "reason",
    "last_used_at", "expires_at", "state_at_end",
)  # fmt: skip


def serialize(session: AccountSession, audit_id: str, peppers: Peppers) -> str:
    """Return the evidence as signed JSON; always the same for an audit that has ended.

    Raises:
        KeyNotFound: if the account has no such audit.
        EvidenceMismatch: if the audit's rows differ from the audit log.
    """
    return files.sign(_entries(comparison.load(session, audit_id)), peppers)


def _entries(review: ComparedReview) -> Iterator[tuple[str, Values]]:
    audit = review.audit
    yield (
        "audit.started",
        {
            "account": audit.account_id,
            "audit": audit.id,
            "period": review.period,
            "started_by": audit.started_by,
            "at": format_time(audit.created_at),
            "deadline_at": format_time(audit.deadline_at),
            "keys": len(review.rows),
            "record": audit.audit_log_hash_at_start,
            "start": review.start_digest,
        },
    )
    for start in review.starts:
        yield "key.at_start", start["at_start"] | {"doubts": start["doubts"]}
    for decision in review.decisions:
        yield "decision", decision
    if audit.ended_at is None:
        yield "audit.open", {"audit": audit.id}
        return
    for row, end in zip(review.rows, review.ends, strict=True):
        yield "key.at_end", end["at_end"] | digests.decision(row)
    yield (
        "audit.finished",
        {
            "audit": audit.id,
            "at": format_time(audit.ended_at),
            "record": audit.audit_log_hash_at_end,
            "end": review.end_digest,
        },
    )


def table(session: AccountSession, audit_id: str) -> Iterable[str]:
    """Yield the evidence as CSV, with a line for each key. Raises KeyNotFound, EvidenceMismatch."""
    review = comparison.load(session, audit_id)
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for position, (row, start) in enumerate(zip(review.rows, review.starts, strict=True)):
        decision = digests.decision(row)
        values: dict[str, Any] = (
            start["at_start"]
            | decision
            | {
                "doubts": start["doubts"],
                "decision": decision["decision"] or "open",
                "state_at_end": review.ends[position]["at_end"]["state"] if review.ends else "",
            }
        )
        writer.writerow([cell(values[column]) for column in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()
