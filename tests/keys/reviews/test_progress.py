"""What follows by itself: what was done with keys elsewhere, reminders, escalation, the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from keys.base.models import State
from keys.base.policy import Unanswered
from keys.changes import audit_log
from keys.reviews import queries
from keys.reviews.models import Decision, Stage
from storage import reading
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


def test_reminders_escalation_and_the_end(house: Domain) -> None:
    answered, _ = house.issue("Answered", owner=BOB.id)
    house.issue("Open")
    id_ = begin(house)
    keep(house, id_, answered.id)
    house.clock.move(7 * DAY - timedelta(seconds=1))
    assert look(house, id_).reminders == 0
    house.clock.move(timedelta(seconds=1))
    assert look(house, id_).reminders == 1
    # Bob has answered, so he is left in peace.
    assert ("1", "person:U0ALICE") in lists(house)
    assert ("1", "person:U0BOB") not in lists(house)
    house.clock.move(11 * DAY)
    assert look(house, id_).reminders == 2
    house.clock.move(2 * DAY)
    look(house, id_)
    assert told(house, "audit.escalated") == ["team"]
    assert kinds(house, "audit.escalated")[0]["owners"] == [["U0ALICE", 1]]
    house.clock.move(1 * DAY)
    audit = look(house, id_)
    assert (audit.stage, audit.decided) == (
        Stage.FINISHED, {Decision.KEPT: 1, Decision.UNANSWERED: 1},
    )  # fmt: skip
    assert len(kinds(house, "audit.reminded")) == 2
    assert len(kinds(house, "audit.escalated")) == 1


def test_a_bot_that_was_down_reminds_once_and_ends_what_is_over(house: Domain) -> None:
    house.issue()
    id_ = begin(house)
    house.clock.move(19 * DAY)
    assert look(house, id_).reminders == 2
    assert len(kinds(house, "audit.reminded")) == 1
    house.clock.move(30 * DAY)
    assert look(house, id_).stage is Stage.FINISHED
    assert kinds(house, "audit.escalated") == []


def test_what_nobody_answers_is_revoked_after_a_notice_if_the_team_wants_that(
    house: Domain,
) -> None:
    saved, _ = house.issue("Saved", owner=BOB.id)
    doomed = [house.issue(f"Doomed {n}")[0] for n in range(60)]
    id_ = begin(house)
    house.clock.move(21 * DAY)
    audit = look(house, id_, REVOKING)
    assert (audit.stage, audit.revokes_at) == (Stage.OPEN, house.clock.now() + 7 * DAY)
    assert sorted(told(house, "audit.revokes")) == ["person:U0ALICE", "person:U0BOB", "team"]
    house.clock.move(7 * DAY - timedelta(seconds=1))
    keep(house, id_, saved.id)
    assert look(house, id_, REVOKING).decided == {Decision.KEPT: 1}
    house.clock.move(timedelta(seconds=1))
    audit = look(house, id_, REVOKING)
    assert (audit.stage, audit.decided) == (
        Stage.FINISHED, {Decision.KEPT: 1, Decision.REVOKED: 60},
    )  # fmt: skip
    assert told(house, "key.revoked") == [], "one message tells of all"
    with reading(house.engine, house.account) as session:
        shown = queries.item(session, id_, doomed[0].id)
    assert (shown.key.state, shown.key.revoked_reason) == (
        State.REVOKED, "nobody answered in the audit",
    )  # fmt: skip


def test_the_summary_stands_beside_the_one_before(house: Domain) -> None:
    key, _ = house.issue()
    first = begin(house)
    keep(house, first, key.id)
    sweep(house)
    assert "before" not in kinds(house, "audit.finished")[0]
    house.issue("Another")
    house.clock.move(90 * DAY)
    second = begin(house, "2027-01-04")
    house.clock.move(21 * DAY)
    sweep(house)
    assert kinds(house, "audit.finished")[1]["before"] == {
        "doubtful": {"undated": 1}, "total": 1,
    }  # fmt: skip
    with reading(house.engine, house.account) as session:
        audit = queries.get(session, second)
        before = queries.before(session, audit)
    assert before is not None
    assert before.id == first


def test_what_is_done_anywhere_counts(house: Domain) -> None:
    kept, _ = house.issue("Kept")
    turned, _ = house.issue("Turned")
    ended, _ = house.issue("Ended")
    house.issue("Dated", expires_at=house.clock.now() + 2 * DAY)
    late, _ = house.issue("Rotated before")
    rotate(house, late.id)
    id_ = begin(house)
    keep(house, id_, kept.id, reason="Billing needs it")
    rotate(house, turned.id)
    house.revoke(ended.id, BOB)
    house.clock.move(3 * DAY)
    audit = look(house, id_)
    assert audit.decided == {
        Decision.KEPT: 1, Decision.ROTATED: 1, Decision.REVOKED: 1, Decision.EXPIRED: 1,
    }  # fmt: skip
    assert (audit.done, audit.left) == (4, 1)
    with reading(house.engine, house.account) as session:
        latest = queries.latest(session, id_, 9)
    by = {item.key.name: (item.by, item.reason) for item in latest}
    assert by["Kept"] == (ALICE, "Billing needs it")
    assert by["Ended"] == (BOB, "")
    assert by["Turned"] == (ALICE, "")
    keep(house, id_, late.id)
    assert look(house, id_).stage is Stage.FINISHED
    assert told(house, "audit.finished") == ["team"]
    with reading(house.engine, house.account) as session:
        assert audit_log.verify_chain(session) is None


def test_a_kept_key_that_is_revoked_later_counts_as_revoked(house: Domain) -> None:
    key, _ = house.issue()
    house.issue("Another")
    id_ = begin(house)
    keep(house, id_, key.id)
    house.revoke(key.id, BOB)
    assert look(house, id_).decided == {Decision.REVOKED: 1}
    assert keep(house, id_, key.id).decision is Decision.REVOKED
