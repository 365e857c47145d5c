"""What the audit log says of one review: its start, its decisions and its end.

Only entries with the right hash and seal are used, and the chain from the entry before the start to
the end must be whole: an entry in between that was changed, removed or added breaks it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from keys.base.errors import EvidenceMismatch
from keys.changes import audit_log
from keys.reviews.evidence.digests import Values, format_time
from storage import AccountSession, seals
from storage.tables import Event

STARTED, SCHEDULED, FINISHED = "audit.started", "audit.scheduled", "audit.finished"
_OF_REVIEW = ("audit.kept", "audit.keep_undone", "audit.owner_asked")
# The kinds of events that count as decisions.
_DECISIONS = (
    *_OF_REVIEW, "key.rotated", "key.revoked", "key.edited", "key.renamed", "rotation.ended",
    "expiry.accepted",
)  # fmt: skip
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the audit log."""

    seq: int
    at: datetime
    kind: str
    actor: str
    key_id: str | None
    data: dict[str, Any]
    previous: str
    hash: str

    def as_decision(self) -> Values:
        """Return it as evidence shows a decision."""
        return {
            "what": self.kind,
            "key": self.key_id,
            "by": self.actor,
            "at": format_time(self.at),
            "data": self.data,
            "record": {"seq": self.seq, "hash": self.hash},
        }


@dataclass(frozen=True, slots=True)
class ReviewLog:
    """The entries of one review.

    Attributes:
        period: the recorded period, which the schedule may have changed after the start.
        decisions: what was done with its keys from the start to the end, in order.
    """

    started: Entry
    finished: Entry | None
    period: str
    decisions: tuple[Entry, ...]


def read(session: AccountSession, audit_id: str, key_ids: Collection[str]) -> ReviewLog:
    """Read the entries of a review, and check their hashes.

    Args:
        key_ids: the keys in it.

    Raises:
        EvidenceMismatch: if the start is missing, a step is there twice, or the chain is broken.
    """
    found = _numbers(session, audit_id)
    started, scheduled, finished = (found[kind] for kind in (STARTED, SCHEDULED, FINISHED))
    if len(started) != 1 or len(finished) > 1:
        raise EvidenceMismatch(
            audit_id,
            [f"The audit log has {len(started)} entries of its start, {len(finished)} of its end."],
        )
    steps: dict[int, Entry] = {}
    decisions: list[Entry] = []
    for entry in _chain(session, audit_id, started[0], finished[0] if finished else None):
        if entry.seq in (*started, *scheduled, *finished):
            steps[entry.seq] = entry
        elif entry.seq > started[0] and _is_decision(entry, audit_id, key_ids):
            decisions.append(entry)
    last = steps[max((*started, *scheduled))]
    return ReviewLog(
        started=steps[started[0]],
        finished=steps[finished[0]] if finished else None,
        period=str(last.data.get("period")),
        decisions=tuple(decisions),
    )


def _numbers(session: AccountSession, audit_id: str) -> dict[str, list[int]]:
    """Return the numbers of the entries of each step of a review."""
    found: dict[str, list[int]] = {STARTED: [], SCHEDULED: [], FINISHED: []}
    query = select(Event).where(
        Event.account_id == session.account_id, col(Event.kind).in_(tuple(found))
    )
    for event in session.exec(query.order_by(col(Event.seq))):
        if _data(audit_id, event).get("audit") == audit_id:
            found[event.kind].append(event.seq)
    return found


def _chain(session: AccountSession, audit_id: str, start: int, end: int | None) -> Iterator[Entry]:
    """Yield the entries from the one before the start to the end, if their chain is whole."""
    expected = max(start - 1, 1)
    previous = audit_log.GENESIS_HASH if expected == 1 else None
    query = select(Event).where(Event.account_id == session.account_id, col(Event.seq) >= expected)
    if end is not None:
        query = query.where(col(Event.seq) <= end)
    ordered = query.order_by(col(Event.seq)).execution_options(yield_per=_AT_ONCE)
    with closing(session.exec(ordered)) as events:
        for event in events:
            fits = event.seq == expected and previous in (None, event.previous)
            genuine = event.hash == audit_log.hash_of(event) and seals.is_genuine(session, event)
            if not (fits and genuine):
                raise _broken(audit_id, expected)
            previous, expected = event.hash, expected + 1
            yield Entry(
                event.seq, event.at, event.kind, event.actor, event.key_id,
                _data(audit_id, event), event.previous, event.hash,
            )  # fmt: skip


def _is_decision(entry: Entry, audit_id: str, key_ids: Collection[str]) -> bool:
    if entry.kind in _OF_REVIEW and entry.data.get("audit") == audit_id:
        return True
    return entry.kind in _DECISIONS and entry.key_id in key_ids


def _data(audit_id: str, event: Event) -> dict[str, Any]:
    try:
        found = json.loads(event.data)
    except ValueError as error:
        raise _broken(audit_id, event.seq) from error
    if not isinstance(found, dict):
        raise _broken(audit_id, event.seq)
    return found


def _broken(audit_id: str, seq: int) -> EvidenceMismatch:
    return EvidenceMismatch(
        audit_id, [f"Entry {seq} of the audit log was changed, removed or added."]
    )
