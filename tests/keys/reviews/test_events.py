"""The events of a review: what the audit log keeps of them, and who is told of them."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest

import keys.reviews
from keys.changes.events import Event
from keys.reviews import events
from storage.tables import Review

DATA = {"audit": "aud_7", "total": 5}
DIGESTS = {"sha256": "0" * 64, "rows": "0" * 40}
REVIEW = Review(
    id="aud_7", account_id="acc_1", period="asked:req_3", state="open", started_by="person:U1",
    created_at=datetime(2027, 1, 4, tzinfo=UTC), deadline_at=datetime(2027, 1, 25, tzinfo=UTC),
    total=5, flagged="{}", starts_after_seq=1, last_seq=1, audit_log_hash_at_start="", reminders=2,
)  # fmt: skip


@pytest.mark.parametrize(
    ("event", "kind", "data", "stale"),
    [
        (
            events.ReviewStarted(REVIEW, [], DIGESTS), "audit.started",
            {"audit": "aud_7", "period": "asked:req_3", "keys": 5, "start": DIGESTS,
             "deadline_at": "2027-01-25T00:00:00+00:00"},
            ["aud_7:"],
        ),
        (
            events.ReviewScheduled(REVIEW), "audit.scheduled",
            {"audit": "aud_7", "period": "asked:req_3"}, [],
        ),
        (
            events.ReviewReminded(REVIEW, []), "audit.reminded",
            {"audit": "aud_7", "round": 2}, ["aud_7:"],
        ),
        (
            events.KeptInReview(REVIEW, "key_4", "in use"), "audit.kept",
            {"audit": "aud_7", "reason": "in use"}, ["aud_7:"],
        ),
        (events.KeepUndone(REVIEW, "key_4"), "audit.keep_undone", {"audit": "aud_7"}, ["aud_7:"]),
        (
            events.OwnerAsked(REVIEW, "key_4", "U2", "person:U1"), "audit.owner_asked",
            {"audit": "aud_7", "owner": "U2"}, ["aud_7:"],
        ),
        (events.ReviewEscalated(DATA), "audit.escalated", DATA, []),
        (events.RevocationAnnounced(DATA, {"U2": 3}), "audit.revokes", DATA, []),
        (
            events.ReviewFinished(REVIEW, DATA, DIGESTS), "audit.finished",
            DATA | {"end": DIGESTS}, ["aud_7:"],
        ),
        (
            events.EvidenceRefused("aud_7", list("abcdefg")), "audit.evidence_refused",
            {"audit": "aud_7", "differences": list("abcde"), "more": 2}, [],
        ),
        (events.DigestPosted(DATA), "digest.posted", DATA, []),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)  # fmt: skip
def test_stored_kinds_and_fields_stay(
    event: Event, kind: str, data: dict[str, object], stale: list[str]
) -> None:
    assert (event.kind, dict(event.data), list(event.stale)) == (kind, data, stale)


def test_the_team_is_told_of_what_is_near_and_of_the_end() -> None:
    for event in (
        events.ReviewEscalated(DATA),
        events.ReviewFinished(REVIEW, DATA, DIGESTS),
        events.DigestPosted(DATA),
    ):
        assert event.news == DATA
    assert events.KeptInReview(REVIEW, "key_4", "").news is None


def test_each_owner_is_told_how_many_keys_have_no_answer() -> None:
    event = events.RevocationAnnounced(DATA, {"U2": 3, "U9": 1})
    assert event.news == DATA
    assert event.announce == {
        "person:U2": DATA | {"yours": 3},
        "person:U9": DATA | {"yours": 1},
    }


def test_an_owner_is_asked_in_a_message_of_its_own() -> None:
    (question,) = events.OwnerAsked(REVIEW, "key_4", "U2", "person:U1").live
    found = (question.kind, question.subject, question.recipient, dict(question.data))
    assert found == ("audit_question", "aud_7:key_4", "person:U2", {"by": "person:U1"})


def test_reviews_record_events_and_serve_nothing_past_them() -> None:
    """A message or an entry that is written directly would be missing from the event."""
    past = {("audit_log", "append"), ("outbox", "add")}
    past |= {("live_messages", "add"), ("gateways", "set_fence")}
    past |= {("live_messages", f"mark_stale{which}") for which in ("", "_all", "_by_prefix")}
    files = sorted(Path(keys.reviews.__path__[0]).rglob("*.py"))
    called = {
        (node.value.id, node.attr)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert ("change", "record") in called
    assert called.isdisjoint(past)
