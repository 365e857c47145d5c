"""Files that contradict themselves are refused, even if signed; earlier versions' are accepted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keys.reviews.evidence import files
from keys.reviews.evidence.files import EvidenceVerification
from tests.keys.reviews.evidence.writing import PEPPERS, TRUSTED, verdict


def signed_again(whole: dict[str, Any]) -> EvidenceVerification:
    """The verdict on a file that a person who has the pepper signed."""
    return verdict(files.sign([(e["kind"], e["data"]) for e in whole["entries"]], PEPPERS))


def _one(whole: dict[str, Any], kind: str, **values: str) -> dict[str, Any]:
    """The data of the first entry of this kind that has these values."""
    found: dict[str, Any] = next(
        e["data"]
        for e in whole["entries"]
        if e["kind"] == kind and values.items() <= e["data"].items()
    )
    return found


def _without(whole: dict[str, Any], kind: str, **values: str) -> None:
    data = _one(whole, kind, **values)
    whole["entries"] = [e for e in whole["entries"] if e["data"] is not data]


BEFORE = Path(__file__).parent / "stored" / "evidence-1.json"
CONTRADICTIONS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "who": (
        lambda w: _one(w, "key.at_end", decision="kept").update(decided_by="person:U0EVE"),
        "decided_by is “person:U0EVE”, in the audit log “person:U0ALICE”",
    ),
    "when": (
        lambda w: _one(w, "key.at_end", decision="rotated").update(decided_at="2026-11-23T11:00"),
        "decided_at is “2026-11-23T11:00”, in the audit log “2026-11-23T1",
    ),
    "why": (
        lambda w: _one(w, "key.at_end", decision="kept").update(reason="Eve"),
        "reason is “Eve”, in the audit log “Billing needs it”",
    ),
    "what": (
        lambda w: _one(w, "key.at_end", decision="revoked").update(decision="kept"),
        "decision is “kept”, in the audit log “revoked”",
    ),
    "revoked by": (
        lambda w: _one(w, "key.at_end", decision="revoked").update(revoked_by="person:U0EVE"),
        "revoked_by at the end is “person:U0EVE”, in the audit log “person:U0",
    ),
    "state": (
        lambda w: _one(w, "key.at_end", decision="kept").update(state="revoked"),
        "state at the end is “revoked”, in the audit log “not revoked”",
    ),
    "another's entry": (
        lambda w: _one(w, "decision", what="audit.kept").update(by="person:U0EVE"),
        "decided_by is “person:U0ALICE”, in the audit log “person:U0EVE”",
    ),
    "no entry": (
        lambda w: _without(w, "decision", what="key.rotated"),
        "decision is “rotated”, in the audit log “unanswered”",
    ),
    "an entry too many": (
        lambda w: _one(w, "decision", what="key.renamed").update(key="key_other"),
        "Key key_other: the audit log has “key.renamed”, but the key is not in the audit",
    ),
    "no key at the end": (
        lambda w: _without(w, "key.at_end", decision="kept"),
        "is missing at the end",
    ),
    "no key at the start": (
        lambda w: _without(w, "key.at_start"),
        "keys at the start instead of",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
@pytest.mark.parametrize("version", ["this", "before"])
def test_decisions_that_do_not_fit_the_entries_are_found_whoever_signed(
    text: str, version: str, case: str
) -> None:
    whole = files.read(text if version == "this" else BEFORE.read_bytes())
    assert signed_again(whole)
    contradict, named = CONTRADICTIONS[case]
    contradict(whole)
    problems = " ".join(signed_again(whole).problems)
    assert named in problems, problems


@pytest.mark.parametrize(("kind", "when"), [("key.at_start", "start"), ("key.at_end", "end")])
def test_the_keys_fit_the_digests_in_the_same_file(text: str, kind: str, when: str) -> None:
    whole = files.read(text)
    _one(whole, kind)["note"] = "harmless"
    assert signed_again(whole).problems == (
        f"The keys at the {when} are not those in the audit log.",
    )


@pytest.mark.parametrize("broken", [None, [], "x", 1, {}])
def test_what_is_signed_and_is_no_evidence_is_a_problem_and_no_error(
    text: str, broken: object
) -> None:
    for kind in ("audit.started", "key.at_start", "decision", "key.at_end", "audit.finished"):
        whole = files.read(text)
        entry = next(e for e in whole["entries"] if e["kind"] == kind)
        entry["data"] = broken
        assert signed_again(whole).problems


def test_a_genuine_file_of_the_version_before_is_still_genuine() -> None:
    found = files.verify(files.read(BEFORE.read_bytes()), TRUSTED)
    assert found, found.problems
    assert (found.keys, found.decisions) == (6, 7)
    assert found.uncovered == (
        "An earlier version wrote this file, without a comparison with the audit log.",
    )


def test_a_clock_that_was_ahead_at_the_end_is_no_contradiction_in_a_file_of_before() -> None:
    """They end at a time: what another program did by a clock that was ahead has no entry."""
    whole = files.read(BEFORE.read_bytes())
    row = _one(whole, "key.at_end", decision="revoked")
    _without(whole, "decision", what="key.revoked", key=row["id"])
    assert signed_again(whole).problems
    row["decided_at"] = row["revoked_at"] = "2026-12-15T14:00:01+00:00"
    assert signed_again(whole)
