"""What follows by itself: what was done with keys elsewhere, reminders, escalation, the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from keys.base.models import State
from keys.base.policy import Unanswered
from keys.reviews import queries
from keys.reviews.models import Decision, Stage
from storage import reading
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, BOB, Domain
from tests.keys.reviews.reviewing import (
    RULES,
    begin,
    keep,
    kinds,
    lists,
    look,
    sweep,
    told,
)
from tests.keys.rotation.test_rotations import rotate

REVOKING = replace(RULES, unanswered=Unanswered.REVOKE)
DAY = timedelta(days=1)


def test_reminders_escalation_and_the_end(domain: Domain) -> None:
    answered, _ = domain.issue("Answered", owner=BOB.id)
    domain.issue("Open")
    id_ = begin(domain)
    keep(domain, id_, answered.id)
    domain.clock.move(7 * DAY - timedelta(seconds=1))
    assert look(domain, id_).reminders == 0
    domain.clock.move(timedelta(seconds=1))
    assert look(domain, id_).reminders == 1
    # Bob has answered, so he is left in peace.
    assert ("1", "person:U0ALICE") in lists(domain)
    assert ("1", "person:U0BOB") not in lists(domain)
    domain.clock.move(11 * DAY)
    assert look(domain, id_).reminders == 2
    domain.clock.move(2 * DAY)
    look(domain, id_)
    assert told(domain, "audit.escalated") == ["team"]
    assert kinds(domain, "audit.escalated")[0]["owners"] == [["U0ALICE", 1]]
    domain.clock.move(1 * DAY)
    audit = look(domain, id_)
    assert (audit.stage, audit.decided) == (
        Stage.FINISHED, {Decision.KEPT: 1, Decision.UNANSWERED: 1},
    )  # fmt: skip
    assert len(kinds(domain, "audit.reminded")) == 2
    assert len(kinds(domain, "audit.escalated")) == 1


def test_a_bot_that_was_down_reminds_once_and_ends_what_is_over(domain: Domain) -> None:
    domain.issue()
    id_ = begin(domain)
    domain.clock.move(19 * DAY)
    assert look(domain, id_).reminders == 2
    assert len(kinds(domain, "audit.reminded")) == 1
    domain.clock.move(30 * DAY)
    assert look(domain, id_).stage is Stage.FINISHED
    assert kinds(domain, "audit.escalated") == []


def test_what_nobody_answers_is_revoked_after_a_notice_if_the_team_wants_that(
    domain: Domain,
) -> None:
    saved, _ = domain.issue("Saved", owner=BOB.id)
    doomed = [domain.issue(f"Doomed {n}")[0] for n in range(60)]
    id_ = begin(domain)
    domain.clock.move(21 * DAY)
    audit = look(domain, id_, REVOKING)
    assert (audit.stage, audit.revokes_at) == (Stage.OPEN, domain.clock.now() + 7 * DAY)
    assert sorted(told(domain, "audit.revokes")) == ["person:U0ALICE", "person:U0BOB", "team"]
    domain.clock.move(7 * DAY - timedelta(seconds=1))
    keep(domain, id_, saved.id)
    assert look(domain, id_, REVOKING).decided == {Decision.KEPT: 1}
    domain.clock.move(timedelta(seconds=1))
    audit = look(domain, id_, REVOKING)
    assert (audit.stage, audit.decided) == (
        Stage.FINISHED, {Decision.KEPT: 1, Decision.REVOKED: 60},
    )  # fmt: skip
    assert set(told(domain, "key.revoked")) == {"person:U0ALICE"}, "one message tells the team"
    with reading(domain.engine, domain.account) as session:
        shown = queries.item(session, id_, doomed[0].id)
    assert (shown.key.state, shown.key.revoked_reason) == (
        State.REVOKED, "no answer in the audit",
    )  # fmt: skip


def test_the_summary_stands_beside_the_one_before(domain: Domain) -> None:
    key, _ = domain.issue()
    first = begin(domain)
    keep(domain, first, key.id)
    sweep(domain)
    assert "before" not in kinds(domain, "audit.finished")[0]
    domain.issue("Another")
    domain.clock.move(90 * DAY)
    second = begin(domain, "2027-01-04")
    domain.clock.move(21 * DAY)
    sweep(domain)
    assert kinds(domain, "audit.finished")[1]["before"] == {
        "doubtful": {"undated": 1}, "total": 1,
    }  # fmt: skip
    with reading(domain.engine, domain.account) as session:
        audit = queries.get(session, second)
        before = queries.before(session, audit)
    assert before is not None
    assert before.id == first


def test_what_is_done_anywhere_counts(domain: Domain) -> None:
    kept, _ = domain.issue("Kept")
    turned, _ = domain.issue("Turned")
    ended, _ = domain.issue("Ended")
    domain.issue("Dated", expires_at=domain.clock.now() + 2 * DAY)
    late, _ = domain.issue("Rotated before")
    rotate(domain, late.id)
    id_ = begin(domain)
    keep(domain, id_, kept.id, reason="Billing needs it")
    rotate(domain, turned.id)
    domain.revoke(ended.id, BOB)
    domain.clock.move(3 * DAY)
    audit = look(domain, id_)
    assert audit.decided == {
        Decision.KEPT: 1, Decision.ROTATED: 1, Decision.REVOKED: 1, Decision.EXPIRED: 1,
    }  # fmt: skip
    assert (audit.done, audit.left) == (4, 1)
    with reading(domain.engine, domain.account) as session:
        latest = queries.latest(session, id_, 9)
        assert queries.item(session, id_, kept.id).reason == "Billing needs it"
    by = {one.key.name: (one.by, one.count) for one in latest}
    assert by["Kept"] == (ALICE, 1)
    assert by["Ended"] == (BOB, 1)
    assert by["Turned"] == (ALICE, 1)
    keep(domain, id_, late.id)
    assert look(domain, id_).stage is Stage.FINISHED
    assert told(domain, "audit.finished") == ["team"]
    with reading(domain.engine, domain.account) as session:
        assert verify_chain(session) is None


def test_a_kept_key_that_is_revoked_later_counts_as_revoked(domain: Domain) -> None:
    key, _ = domain.issue()
    domain.issue("Another")
    id_ = begin(domain)
    keep(domain, id_, key.id)
    domain.revoke(key.id, BOB)
    assert look(domain, id_).decided == {Decision.REVOKED: 1}
    assert keep(domain, id_, key.id).decision is Decision.REVOKED
