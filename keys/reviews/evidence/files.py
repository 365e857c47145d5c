"""Files of audit evidence: signing one, reading one, and verifying one.

A file is a list of entries: every key at the start, every decision, and every key at the end. Each
entry has a hash that covers the entry and the previous hash, so that nothing can be changed,
removed, added or moved; the last hash is signed. A decision's entry has the number and hash of its
entry in the audit log, and the first and last entries have the audit log's newest hash at that
time, so each confirms the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keys.base.errors import InvalidEvidence
from keys.changes.audit_log import GENESIS_HASH
from keys.credentials.peppers import Peppers
from keys.reviews.evidence import digests, reconciliation, signing
from keys.reviews.evidence.digests import Values, canonical
from keys.reviews.evidence.reconciliation import Extent
from keys.reviews.evidence.signing import ALGORITHM, Signature
from runtime.display import escaped_json

FORMAT = "apikeys audit evidence, 1"
_ENTRY = {"n", "kind", "data", "previous", "hash"}
_WHOLE = {"format", "entries", "head", "signature"}
_SIGNATURE = {"algorithm", "key", "value"}


@dataclass(frozen=True, slots=True)
class EvidenceVerification:
    """The result of verifying a file of evidence.

    Attributes:
        problems: each in a sentence; empty if the file is genuine.
        uncovered: what the file does not prove, although it is genuine, each in a sentence: the
            audit log of earlier versions did not cover every key at the start and the end.
        key: the public key that signed it, in base64.
        keys, decisions: how many the file contains.
    """

    problems: tuple[str, ...]
    uncovered: tuple[str, ...]
    key: str
    audit: str
    keys: int
    decisions: int

    def __bool__(self) -> bool:
        return not self.problems


def sign(entries: Iterable[tuple[str, Values]], peppers: Peppers) -> str:
    """Return a file with these entries as signed JSON.

    Args:
        entries: kind and data of each.
    """
    chained, previous = [], GENESIS_HASH
    for number, (kind, data) in enumerate(entries, 1):
        body = {"n": number, "kind": kind, "data": data}
        previous, before = _hash(previous, body), previous
        chained.append(body | {"previous": before, "hash": previous})
    signature = signing.sign(peppers, _signed(previous, len(chained)))
    lines = ",\n".join(canonical(entry).decode() for entry in chained)
    rest = {
        "format": FORMAT,
        "head": previous,
        "signature": {"algorithm": ALGORITHM, "key": signature.key, "value": signature.value},
    }
    return escaped_json(f'{{"entries":[\n{lines}\n],\n{canonical(rest).decode()[1:]}\n')


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
    """Check that a file is unchanged, signed with a trusted key, and agrees with itself.

    Args:
        whole: the file, as `read` returned it.
        trusted: the public keys to accept, in base64.
    """
    if set(whole) != _WHOLE or not isinstance(whole["entries"], list):
        problem = "Parts of the file are missing or unknown."
        return EvidenceVerification((problem,), (), "", "", 0, 0)
    entries = whole["entries"]
    signature = _signature(whole["signature"])
    problems = [
        *_chain_problems(entries, whole["head"]),
        *_signature_problems(whole, signature, trusted),
    ]
    uncovered: list[str] = []
    if not problems:
        try:
            problems += _contradictions(entries)
            uncovered += _uncovered(entries)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            problems.append("Values in the file are missing, or are of an unknown kind.")
    kinds = [str(entry.get("kind")) for entry in entries if isinstance(entry, dict)]
    return EvidenceVerification(
        problems=tuple(problems),
        uncovered=tuple(uncovered),
        key=signature.key if signature is not None else "",
        audit=_audit_of(entries),
        keys=kinds.count("key.at_start"),
        decisions=kinds.count("decision"),
    )


def _chain_problems(entries: list[Any], head: Any) -> Iterator[str]:
    previous = GENESIS_HASH
    for number, entry in enumerate(entries, 1):
        if not _fits(entry, number, previous):
            yield f"Entry {number} was changed, moved or added, or follows a gap."
            return
        previous = entry["hash"]
    if head != previous:
        yield "The last entries are missing, or the last hash was changed."


def _signature_problems(
    whole: Mapping[str, Any], signature: Signature | None, trusted: Collection[str]
) -> Iterator[str]:
    content = _signed(str(whole["head"]), len(whole["entries"]))
    if signature is None or not signing.is_genuine(signature, content):
        yield "The signature does not match this file."
    elif signature.key not in trusted:
        yield "The file was signed with an unknown key."


def _contradictions(entries: list[Any]) -> Iterator[str]:
    """Yield where a decision at the end does not fit the audit log's entries in the same file."""
    starts, decisions, ends = (
        [entry["data"] for entry in entries if entry["kind"] == kind]
        for kind in ("key.at_start", "decision", "key.at_end")
    )
    first, last = entries[0]["data"], entries[-1]
    if len(starts) != first["keys"]:
        yield f"The file has {len(starts)} keys at the start instead of {first['keys']}."
    if recorded := first.get("start"):
        rows = [digests.start_entry(position, data) for position, data in enumerate(starts)]
        if digests.sha256(rows) != recorded:
            yield "The keys at the start are not those in the audit log."
    if last["kind"] != "audit.finished":
        return
    recorded = last["data"].get("end")
    if recorded and digests.sha256([digests.end_entry(data) for data in ends]) != recorded:
        yield "The keys at the end are not those in the audit log."
    extent = Extent(first["audit"], last["data"]["at"], by_time="start" not in first)
    yield from reconciliation.compare(extent, _by_id(starts), decisions, _by_id(ends))


def _uncovered(entries: list[Any]) -> Iterator[str]:
    first, last = entries[0]["data"], entries[-1]
    if "start" not in first:
        yield "An earlier version wrote this file, without a comparison with the audit log."
        return
    if first["start"] is None:
        yield "The keys at the start are not covered: an earlier version started the audit."
    if last["kind"] == "audit.finished" and last["data"]["end"] is None:
        yield "The keys at the end are not covered: an earlier version ended the audit."


def _by_id(keys: list[Any]) -> dict[Any, Any]:
    found = {data["id"]: data for data in keys}
    if len(found) != len(keys):
        raise ValueError("a key appears twice")
    return found


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
    return hashlib.sha256(previous.encode() + canonical(body)).hexdigest()


def _signed(head: str, count: int) -> bytes:
    return canonical({"format": FORMAT, "head": head, "entries": count})


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        # Two programs might read different values from it.
        raise ValueError("a name appears twice")
    return dict(pairs)


def _whole_numbers(text: str) -> Any:
    raise ValueError(f"{text[:20]} is not a whole number")
