"""Audit evidence: every key at the start, every decision, and every key at the end.

It is a list of entries, each with a hash that covers the entry and the previous hash, so that
nothing can be changed, removed, added or moved; the last hash is signed. A decision's entry has the
number and hash of its entry in the audit log, and the first and last entries have the audit log's
newest hash at that time, so each confirms the other.

Hashes cover JSON with sorted names and no spaces, as UTF-8. It has no fractions, so that every
program serializes it the same way (as RFC 8785 does for such values).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from keys.base.errors import InvalidEvidence, KeyNotFound
from keys.changes.audit_log import GENESIS_HASH
from keys.credentials.peppers import Peppers
from keys.reviews import signing
from keys.reviews.signing import ALGORITHM, Signature
from keys.transfer.export_keys import cell
from runtime.display import escaped_json
from storage import AccountSession
from storage.tables import Event, Review, ReviewKey

FORMAT = "apikeys audit evidence, 1"
COLUMNS = (
    "name", "id", "owner", "doubts", "decision", "decided_by", "decided_at", "reason",
    "last_used_at", "expires_at", "state_at_end",
)  # fmt: skip
# The kinds of events that count as decisions.
_DECISIONS = (
    "audit.kept", "audit.owner_asked", "key.rotated", "key.revoked", "key.edited", "key.renamed",
    "rotation.ended", "expiry.accepted",
)  # fmt: skip
_ENTRY = {"n", "kind", "data", "previous", "hash"}
_WHOLE = {"format", "entries", "head", "signature"}
_SIGNATURE = {"algorithm", "key", "value"}


@dataclass(frozen=True, slots=True)
class EvidenceVerification:
    """The result of verifying a file of evidence.

    Attributes:
        problems: each in a sentence; empty if the file is genuine.
        key: the public key that signed it, in base64.
        keys, decisions: how many the file contains.
    """

    problems: tuple[str, ...]
    key: str
    audit: str
    keys: int
    decisions: int

    def __bool__(self) -> bool:
        return not self.problems


def serialize(session: AccountSession, audit_id: str, peppers: Peppers) -> str:
    """Return the evidence as signed JSON; always the same for an audit that has ended.

    Raises:
        KeyNotFound: if the account has no such audit.
    """
    entries, previous = [], GENESIS_HASH
    for number, (kind, data) in enumerate(_entries(session, audit_id), 1):
        body = {"n": number, "kind": kind, "data": data}
        previous, before = _hash(previous, body), previous
        entries.append(body | {"previous": before, "hash": previous})
    signature = signing.sign(peppers, _signed(previous, len(entries)))
    whole = {
        "format": FORMAT,
        "entries": entries,
        "head": previous,
        "signature": {"algorithm": ALGORITHM, "key": signature.key, "value": signature.value},
    }
    lines = ",\n".join(_canonical(entry).decode() for entry in entries)
    rest = {name: value for name, value in whole.items() if name != "entries"}
    return escaped_json(f'{{"entries":[\n{lines}\n],\n{_canonical(rest).decode()[1:]}\n')


def _entries(session: AccountSession, audit_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    audit = session.get(Review, audit_id)
    if audit is None or audit.account_id != session.account_id:
        raise KeyNotFound("There is no such audit.")
    rows = session.exec(
        select(ReviewKey).where(ReviewKey.audit_id == audit_id).order_by(col(ReviewKey.position))
    ).all()
    yield (
        "audit.started",
        {
            "account": session.account_id,
            "audit": audit.id,
            "period": audit.period,
            "started_by": audit.started_by,
            "at": _at(audit.created_at),
            "deadline_at": _at(audit.deadline_at),
            "keys": len(rows),
            "record": audit.audit_log_hash_at_start,
        },
    )
    for row in rows:
        yield (
            "key.at_start",
            json.loads(row.snapshot_at_start) | {"doubts": row.risk_findings.split()},
        )
    yield from _decisions(session, audit)
    if audit.ended_at is None:
        yield "audit.open", {"audit": audit.id}
        return
    for row in rows:
        decided = {
            "decision": row.decision,
            "decided_by": row.decided_by,
            "decided_at": _at(row.decided_at),
            "reason": row.reason,
        }
        yield "key.at_end", json.loads(row.snapshot_at_end) | decided
    yield (
        "audit.finished",
        {"audit": audit.id, "at": _at(audit.ended_at), "record": audit.audit_log_hash_at_end},
    )


def _decisions(session: Session, audit: Review) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(Event)
        .join(ReviewKey, col(ReviewKey.key_id) == col(Event.key_id))
        .where(
            ReviewKey.audit_id == audit.id,
            Event.account_id == audit.account_id,
            col(Event.seq) > audit.starts_after_seq,
            col(Event.kind).in_(_DECISIONS),
        )
        .order_by(col(Event.seq))
    )
    if audit.ended_at is not None:
        query = query.where(col(Event.at) <= audit.ended_at)
    for event in session.exec(query):
        yield (
            "decision",
            {
                "what": event.kind,
                "key": event.key_id,
                "by": event.actor,
                "at": _at(event.at),
                "data": json.loads(event.data),
                "record": {"seq": event.seq, "hash": event.hash},
            },
        )


def read(text: str | bytes) -> dict[str, Any]:
    """Read a file of evidence.

    Raises:
        InvalidEvidence: if it is not one.
    """
    try:
        whole = json.loads(text, object_pairs_hook=_refuse_duplicates, parse_float=_whole_numbers)
    except (ValueError, RecursionError) as error:
        raise InvalidEvidence(f"This file is not audit evidence: {error}.") from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise InvalidEvidence("This file is not audit evidence, or is from another version.")
    return whole


def verify(whole: Mapping[str, Any], trusted: Collection[str]) -> EvidenceVerification:
    """Check that a file is unchanged and signed with a trusted key.

    Args:
        whole: the file, as `read` returned it.
        trusted: the public keys to accept, in base64.
    """
    problems: list[str] = []
    if set(whole) != _WHOLE or not isinstance(whole["entries"], list):
        return EvidenceVerification(("Parts of the file are missing or unknown.",), "", "", 0, 0)
    entries, previous = whole["entries"], GENESIS_HASH
    for number, entry in enumerate(entries, 1):
        if not _fits(entry, number, previous):
            problems.append(f"Entry {number} was changed, moved or added, or follows a gap.")
            break
        previous = entry["hash"]
    if not problems and whole["head"] != previous:
        problems.append("The last entries are missing, or the last hash was changed.")
    signature = _signature(whole["signature"])
    if signature is None or not signing.is_genuine(
        signature, _signed(str(whole["head"]), len(entries))
    ):
        problems.append("The signature does not match this file.")
    elif signature.key not in trusted:
        problems.append("The file was signed with an unknown key.")
    kinds = [str(entry.get("kind")) for entry in entries if isinstance(entry, dict)]
    return EvidenceVerification(
        problems=tuple(problems),
        key=signature.key if signature is not None else "",
        audit=_audit_of(entries),
        keys=kinds.count("key.at_start"),
        decisions=kinds.count("decision"),
    )


def _fits(entry: Any, number: int, previous: str) -> bool:
    if not isinstance(entry, dict) or set(entry) != _ENTRY or entry["previous"] != previous:
        return False
    body = {name: entry[name] for name in ("n", "kind", "data")}
    return bool(entry["n"] == number and entry["hash"] == _hash(previous, body))


def _signature(given: Any) -> Signature | None:
    if not isinstance(given, dict) or set(given) != _SIGNATURE:
        return None
    if given["algorithm"] != ALGORITHM:
        return None
    return Signature(str(given["key"]), str(given["value"]))


def _audit_of(entries: list[Any]) -> str:
    first = entries[0] if entries and isinstance(entries[0], dict) else {}
    data = first.get("data")
    return str(data.get("audit", "")) if isinstance(data, dict) else ""


def _hash(previous: str, body: Mapping[str, Any]) -> str:
    return hashlib.sha256(previous.encode() + _canonical(body)).hexdigest()


def _signed(head: str, count: int) -> bytes:
    return _canonical({"format": FORMAT, "head": head, "entries": count})


def _canonical(value: Any) -> bytes:
    # Lone surrogates, which a name could contain, have no UTF-8 form; they are escaped.
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        # Two programs might read different values from it.
        raise ValueError("a name appears twice")
    return dict(pairs)


def _whole_numbers(text: str) -> Any:
    raise ValueError(f"{text[:20]} is not a whole number")


def table(session: AccountSession, audit_id: str) -> Iterable[str]:
    """Yield the evidence as CSV, with a line for each key. Raises KeyNotFound."""
    audit = session.get(Review, audit_id)
    if audit is None or audit.account_id != session.account_id:
        raise KeyNotFound("There is no such audit.")
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    rows = session.exec(
        select(ReviewKey).where(ReviewKey.audit_id == audit_id).order_by(col(ReviewKey.position))
    )
    for row in rows:
        start = json.loads(row.snapshot_at_start)
        values = start | {
            "doubts": row.risk_findings.split(),
            "decision": row.decision or "open",
            "decided_by": row.decided_by,
            "decided_at": _at(row.decided_at),
            "reason": row.reason,
            "state_at_end": json.loads(row.snapshot_at_end)["state"] if row.snapshot_at_end else "",
        }
        writer.writerow([cell(values[column]) for column in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _at(at: Any) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
