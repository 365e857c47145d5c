"""Comparing the decision on each key with the entries of the audit log.

It works on what evidence shows, so that it compares stored rows before they are signed, and the
entries of a file when it is verified.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from keys.base.actors import Actor
from keys.credentials.tokens import redact
from keys.reviews.evidence.digests import DECISION, Values
from keys.reviews.models import Decision

_BY = str(Actor.system("audit"))
# The clock of the program that finishes a review may be a little behind.
_CLOCK_SKEW = timedelta(minutes=5)
_QUOTED = 60
# Who decided, when, and why.
Given = tuple[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the audit log the decisions reflect.

    Attributes:
        audit: the review's id.
        ended_at: when the review ended, as evidence shows it; None if it is open.
        last_seq: the last entry that they reflect; None for all.
        by_time: whether the end was a time and not a place in the audit log, as in files of
            earlier versions. Then a decision of a program whose clock was ahead has no entry.
    """

    audit: str
    ended_at: str | None
    last_seq: int | None = None
    by_time: bool = False


def differs(whose: str, name: str, value: Any, recorded: Any) -> str:
    """Return a difference as a sentence. The texts of others are shortened, without tokens."""
    return f"{whose}: {name} is {_quote(value)}, in the audit log {_quote(recorded)}."


def name_key(key_id: Any, start: Values) -> str:
    """Return a key's name and id, for a sentence."""
    return f"Key {_quote(start.get('name'))} ({key_id})"


def compare(
    extent: Extent,
    starts: Mapping[str, Values],
    entries: Iterable[Values],
    ends: Mapping[str, Values],
) -> Iterator[str]:
    """Yield each difference between decisions and the audit log, as a sentence.

    Args:
        starts: each key at the start.
        entries: the entries of the audit log, as evidence shows them.
        ends: the decision on each key; of a finished review, with the key at the end.
    """
    of_key: dict[Any, list[Values]] = defaultdict(list)
    for entry in entries:
        of_key[entry["key"]].append(entry)
    for key_id, own in of_key.items():
        if key_id not in starts:
            what = own[0]["what"]
            yield f"Key {key_id}: the audit log has “{what}”, but the key is not in the audit."
    for key_id in ends:
        if key_id not in starts:
            yield f"Key {key_id} is missing at the start."
    for key_id, start in starts.items():
        if key_id not in ends:
            yield f"Key {key_id} is missing at the end."
            continue
        end, own = ends[key_id], of_key[key_id]
        if extent.by_time and str(end["decided_at"]) > str(extent.ended_at):
            continue
        whose = name_key(key_id, start)
        yield from _decision(extent, whose, start, own, end)
        if "state" in end:
            yield from _state(whose, own, end)


def _decision(
    extent: Extent, whose: str, start: Values, own: list[Values], end: Values
) -> Iterator[str]:
    recorded = _recorded(extent, start, own)
    given, *values = (end[name] for name in DECISION)
    options = recorded.get(given, [])
    if not options:
        known = " or ".join(name or "open" for name, found in recorded.items() if found)
        yield differs(whose, "decision", given or "open", known)
    elif tuple(values) not in options:
        for name, value, expected in zip(DECISION[1:], values, options[-1], strict=True):
            if value != expected:
                yield differs(whose, name, value, expected)


def _recorded(extent: Extent, start: Values, own: list[Values]) -> dict[str, list[Given]]:
    """Return the decisions that the audit log allows, each with who, when and why."""
    reflected = {
        entry["what"]
        for entry in own
        if extent.last_seq is None or entry["record"]["seq"] <= extent.last_seq
    }
    revoked = [_given(entry) for entry in own if entry["what"] == "key.revoked"]
    if "key.revoked" in reflected:
        return {Decision.REVOKED: revoked}
    kept, undone_at = _kept(extent, own)
    if kept:
        return {Decision.KEPT: kept, Decision.REVOKED: revoked}
    decided: dict[str, list[Given]] = {
        Decision.REVOKED: revoked,
        Decision.ROTATED: [
            (entry["by"], entry["at"], "") for entry in own if entry["what"] == "key.rotated"
        ],
        Decision.EXPIRED: [(_BY, at, "") for at in _expiries(extent, start, own)],
    }
    # A key that was rotated while it was kept counts as open until the undoing is reflected.
    pending = extent.last_seq is not None and undone_at > extent.last_seq
    if "key.rotated" in reflected and not pending:
        return decided
    if extent.ended_at is None:
        return {"": [(None, None, "")], **decided}
    return {Decision.UNANSWERED: [(None, extent.ended_at, "")], **decided}


def _kept(extent: Extent, own: list[Values]) -> tuple[list[Given], int]:
    """Return the decisions to keep the key that were not undone, and the last entry of undoing."""
    kept: list[Given] = []
    undone_at = 0
    for entry in own:
        if entry["data"].get("audit") != extent.audit:
            continue
        if entry["what"] == "audit.kept":
            kept.append(_given(entry))
        elif entry["what"] == "audit.keep_undone":
            kept.clear()
            undone_at = entry["record"]["seq"]
    return kept, undone_at


def _given(entry: Values) -> Given:
    return entry["by"], entry["at"], entry["data"].get("reason", "")


def _expiries(extent: Extent, start: Values, own: list[Values]) -> list[str]:
    """Return when the key expired, as the audit log knows it from the start and from edits."""
    edits = [entry["data"].get("to", {}) for entry in own if entry["what"] == "key.edited"]
    known = [start["expires_at"], *(edit.get("expires_at") for edit in edits)]
    found = [at for at in known if isinstance(at, str)]
    if extent.ended_at is None:
        return found
    latest = (datetime.fromisoformat(extent.ended_at) + _CLOCK_SKEW).isoformat(timespec="seconds")
    return [at for at in found if at <= latest]


def _state(whose: str, own: list[Values], end: Values) -> Iterator[str]:
    """Compare whether a key was revoked at the end, by whom, when and why."""
    revoked = [_given(entry) for entry in own if entry["what"] == "key.revoked"]
    if not revoked:
        if end["state"] == "revoked":
            yield differs(whose, "state at the end", "revoked", "not revoked")
        return
    recorded = ("revoked", *revoked[-1])
    names = ("state", "revoked_by", "revoked_at", "revoked_reason")
    for name, expected in zip(names, recorded, strict=True):
        if end[name] != expected:
            yield differs(whose, f"{name} at the end", end[name], expected)


def _quote(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    text = redact(str(value))
    return f"“{text if len(text) <= _QUOTED else text[: _QUOTED - 1] + '…'}”"
