"""What time brings about: reviews and digests by schedule, the summary, and the evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import select

from bot.ui import ids
from keys.base.policy import AuditRules, Policy
from keys.reviews import queries
from keys.reviews.models import Stage
from storage import reading, writing
from storage.tables import Event, ReviewKey
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import Bench
from tests.bot.reviews.reviewing import at, follow, newest, pressed, start
from tests.keys.chain import verify_chain

DAY = timedelta(days=1)


def test_the_end_brings_a_summary_and_the_files(bench: Bench) -> None:
    key, _ = bench.domain.issue()
    start(bench)
    bench.presses(pressed(bench, ids.AUDIT_KEEP, key))
    follow(bench)
    posts = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.postMessage"]
    assert sum("The audit of 1 key is over" in text and "1 kept" in text for text in posts) == 1
    assert bench.last("files.completeUploadExternal")["channel_id"] == "C1"
    assert len(bench.uploads) == 3
    contents = [content for _, content in bench.uploads]
    assert contents[0].startswith(b'"name"')
    assert json.loads(contents[1])["format"]
    assert contents[2].startswith(b"\x89PNG")
    follow(bench)
    assert len(bench.uploads) == 3
    bench.types("audit export")
    assert bench.last("files.completeUploadExternal")["channel_id"] == "D-U0ALICE"
    assert len(bench.uploads) == 6


def test_without_the_scope_for_files_the_audit_ends_all_the_same(bench: Bench) -> None:
    bench.calls.replies["files.getUploadURLExternal"] = [
        refusal("missing_scope", needed="files:write")
    ]
    key, _ = bench.domain.issue()
    start(bench)
    bench.presses(pressed(bench, ids.AUDIT_KEEP, key))
    follow(bench)
    assert newest(bench).stage is Stage.FINISHED
    bench.types("audit export")
    assert "apikeys audit export" in json.dumps(bench.last("chat.postMessage"))


def test_the_schedule_begins_it_once_and_never_for_what_was_before_the_team(
    bench: Bench,
) -> None:
    bench.domain.issue()
    follow(bench)
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert queries.newest(session) is None
    at(bench, "2027-01-04T08:59:59+00:00")
    follow(bench)
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert queries.newest(session) is None
    at(bench, "2027-01-04T09:00:00+00:00")
    follow(bench)
    audit = newest(bench)
    assert audit.period == "2027-01-04T09:00+00:00"
    at(bench, "2027-01-25T10:00:00+00:00")
    follow(bench)
    assert newest(bench).id == audit.id
    # The next time no bot runs at the hour.
    at(bench, "2027-04-08T00:00:00+00:00")
    follow(bench)
    assert newest(bench).period == "2027-04-05T09:00+00:00"


@pytest.mark.usefixtures("no_picture")
@pytest.mark.slow
def test_two_years_with_a_bot_that_looks_once_in_five_days(bench: Bench) -> None:
    bench.domain.issue()
    begun = []
    for _ in range(147):
        bench.domain.clock.move(5 * DAY)
        follow(bench)
        with reading(bench.domain.engine, bench.domain.account) as session:
            found = queries.newest(session)
        if found is not None and found.id not in begun:
            begun.append(found.id)
    assert len(begun) == 8
    posts = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.postMessage"]
    assert sum("Audit of the API keys" in text for text in posts) == 8
    assert sum("is over" in text for text in posts) == 8


def test_a_digest_comes_by_its_schedule(bench: Bench) -> None:
    weekly = Policy(audits=AuditRules(schedule="", digest="0 9 * * MON"))
    bench.context = replace(bench.context, services=replace(bench.context.services, policy=weekly))
    bench.domain.issue()

    def digests() -> int:
        follow(bench)
        posts = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.postMessage"]
        return sum("API keys since" in text for text in posts)

    at(bench, "2026-11-30T09:00:00+00:00")
    assert digests() == 0, "there is nothing yet to look back to"
    at(bench, "2026-12-07T08:59:00+00:00")
    assert digests() == 0
    at(bench, "2026-12-07T09:00:00+00:00")
    assert digests() == 1
    assert digests() == 1
    at(bench, "2026-12-31T09:00:00+00:00")
    assert digests() == 2


@pytest.mark.usefixtures("no_picture")
def test_evidence_that_slack_does_not_take_is_sent_later_and_not_at_once(bench: Bench) -> None:
    works = bench.calls.replies["files.completeUploadExternal"]
    bench.calls.replies["files.completeUploadExternal"] = [refusal("file_not_found")]
    key, _ = bench.domain.issue()
    start(bench)
    bench.presses(pressed(bench, ids.AUDIT_KEEP, key))
    follow(bench)
    assert len(bench.uploads) == 3
    bench.calls.replies["files.completeUploadExternal"] = works
    bench.domain.clock.move(timedelta(minutes=14))
    follow(bench)
    assert len(bench.uploads) == 3
    bench.domain.clock.move(timedelta(minutes=2))
    follow(bench)
    follow(bench)
    assert len(bench.uploads) == 6


@pytest.mark.usefixtures("no_picture")
def test_evidence_that_differs_from_the_audit_log_is_refused_once_and_out_loud(
    bench: Bench,
) -> None:
    key, _ = bench.domain.issue()
    start(bench)
    bench.presses(pressed(bench, ids.AUDIT_KEEP, key))
    with writing(bench.domain.engine) as session:
        session.connection().execute(update(ReviewKey).values(decided_by="person:U0EVE"))
    for _ in range(3):
        follow(bench)
        bench.domain.clock.move(DAY)
    assert newest(bench).stage is Stage.FINISHED
    assert bench.uploads == []
    posts = [a for m, a in bench.calls.asked if m == "chat.postMessage"]
    (refused,) = [
        a for a in posts if a["text"].startswith("The report of the audit was not written.")
    ]
    said = json.dumps(refused["blocks"], ensure_ascii=False)
    assert refused["channel"] == "C1"
    assert f"Key “{key.name}” ({key.id}): decided_by is “person:U0EVE”" in said
    assert "Compare with a backup and correct the rows. Then use `/apikeys audit export`." in said
    bench.types("audit export")
    answer = bench.last("chat.postMessage")
    assert answer["channel"] == "D-U0ALICE"
    assert "decided_by is “person:U0EVE”, in the audit log “person:U0ALICE”" in str(
        answer["blocks"]
    )
    assert bench.uploads == []
    with reading(bench.domain.engine, bench.domain.account) as session:
        found = session.exec(select(Event.kind)).all()
        assert verify_chain(session) is None
    assert found.count("audit.evidence_refused") == 1
