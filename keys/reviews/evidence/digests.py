"""The canonical form of what evidence hashes, and the digests of a review's rows.

Hashes cover JSON with sorted names and no spaces, as UTF-8. It has no fractions, so that every
program serializes it the same way (as RFC 8785 does for such values).

The audit log keeps the digests of the rows at the start (`audit.started`) and at the end
(`audit.finished`), so a row that is changed later no longer fits. They cover what the evidence
shows of a row, and can be computed from a file of evidence too.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from storage.tables import ReviewKey

# How many digits of each row's own digest are kept, in order to name a row that was changed. The
# digest of all rows is what protects them.
_DIGITS = 8
# What is read of a snapshot.
_NEEDED = {
    "id", "name", "owner", "state", "last_used_at", "expires_at", "revoked_at", "revoked_by",
    "revoked_reason",
}  # fmt: skip
DECISION = ("decision", "decided_by", "decided_at", "reason")

Values = Mapping[str, Any]


def canonical(value: Any) -> bytes:
    """Return a value as JSON in the only form that is hashed."""
    # Lone surrogates, which a name could contain, have no UTF-8 form; they are escaped.
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def sha256(value: Any) -> str:
    """Return the SHA-256 of a value's canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def format_time(at: datetime | None) -> str | None:
    """Return a time as evidence shows it, to the second."""
    return at.isoformat(timespec="seconds") if at is not None else None


def snapshot(text: str) -> dict[str, Any]:
    """Return a stored snapshot of a key. Raises ValueError if it is not one."""
    found = json.loads(text)
    if not isinstance(found, dict) or not found.keys() >= _NEEDED:
        raise ValueError("a snapshot is a JSON object with the values of a key")
    return found


def decision(row: ReviewKey) -> dict[str, Any]:
    """Return a row's decision as evidence shows it."""
    values = (row.decision, row.decided_by, format_time(row.decided_at), row.reason)
    return dict(zip(DECISION, values, strict=True))


def start_values(row: ReviewKey) -> Values:
    """Return what the digest at the start covers of a row. Raises ValueError."""
    return {
        "key": row.key_id,
        "position": row.position,
        "owner": row.owner,
        "doubts": row.risk_findings.split(),
        "at_start": snapshot(row.snapshot_at_start),
    }


def end_values(row: ReviewKey) -> Values:
    """Return what the digest at the end covers of a row. Raises ValueError."""
    return {"key": row.key_id, "at_end": snapshot(row.snapshot_at_end), **decision(row)}


def start_entry(position: int, data: Values) -> Values:
    """Return what `start_values` returns, from an entry of a file."""
    kept = {name: value for name, value in data.items() if name != "doubts"}
    return {
        "key": data["id"],
        "position": position,
        "owner": data["owner"],
        "doubts": data["doubts"],
        "at_start": kept,
    }


def end_entry(data: Values) -> Values:
    """Return what `end_values` returns, from an entry of a file."""
    kept = {name: value for name, value in data.items() if name not in DECISION}
    return {"key": data["id"], "at_end": kept, **{name: data[name] for name in DECISION}}


def digest(rows: Sequence[Values]) -> dict[str, str]:
    """Return the digests of rows as an event stores them: of all together, and of each in short."""
    return {"sha256": sha256(rows), "rows": "".join(sha256(row)[:_DIGITS] for row in rows)}


def changed(recorded: Values, rows: Sequence[Values]) -> list[int] | None:
    """Return the positions of the rows that were changed since their digests were recorded.

    Returns:
        The positions; empty if a row was removed or rows were moved; None if nothing was changed.
    """
    if recorded.get("sha256") == sha256(rows):
        return None
    short = str(recorded.get("rows", ""))
    left = Counter(short[at : at + _DIGITS] for at in range(0, len(short), _DIGITS))
    found = []
    for position, row in enumerate(rows):
        own = sha256(row)[:_DIGITS]
        if left[own]:
            left[own] -= 1
        else:
            found.append(position)
    return found
