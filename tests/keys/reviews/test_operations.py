"""The audit: begun once, followed wherever keys are dealt with, and ended as the team decided."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from keys.base.actors import Actor
from keys.base.errors import InvalidState, KeyNotFound, NoteTooLong
from keys.base.models import State
from keys.base.policy import AuditRules, Unanswered
from keys.changes import audit_log
from keys.changes.change import SYSTEM, within
from keys.offboarding import departures
from keys.offboarding.departures import DepartureReason
from keys.reviews import lifecycle, progress, queries
from keys.reviews.findings import RiskFinding
from keys.reviews.queries import Decision, ReviewItem, ReviewView, Stage
from storage import reading
from storage.tables import Event, LiveMessageRow, OutboxRow
from tests.keys.conftest import ALICE, BOB, Domain
from tests.keys.rotation.test_rotations import rotate

RULES = AuditRules()
REVOKING = replace(RULES, unanswered=Unanswered.REVOKE)
DAY = timedelta(days=1)
CARL = Actor.person("U0CARL")


def begin(house: Domain, period: str = "2026-10-05", actor: Actor = CARL) -> str:
    id_: str = house.write(
        lambda s: lifecycle.begin(within(house.service, s, actor), period, RULES)
    )
    return id_


def sweep(house: Domain, rules: AuditRules = RULES) -> None:
    for _ in range(100):
        with reading(house.engine, house.account) as session:
            if not progress.has_due_work(session, house.clock.now()):
                return
        house.write(lambda s: progress.run_due(within(house.service, s, SYSTEM), rules))
    raise AssertionError("there is always news")


def look(house: Domain, id_: str, rules: AuditRules = RULES) -> ReviewView:
    sweep(house, rules)
    with reading(house.engine, house.account) as session:
        return queries.get(session, id_)


def keep(
    house: Domain, id_: str, key_id: str, actor: Actor = ALICE, reason: str = ""
) -> ReviewItem:
    kept: ReviewItem = house.write(
        lambda s: lifecycle.keep(within(house.service, s, actor), id_, key_id, reason)
    )
    return kept


def kinds(house: Domain, kind: str) -> list[dict[str, Any]]:
    with reading(house.engine) as session:
        events = session.exec(select(Event).where(Event.kind == kind)).all()
        return [json.loads(event.data) for event in events]


def told(house: Domain, kind: str) -> list[str]:
    """Who is told of this, in the order of asking."""
    with reading(house.engine) as session:
        return [n.recipient for n in session.exec(select(OutboxRow)) if n.kind == kind]


def lists(house: Domain) -> set[tuple[str, str]]:
    """Round and audience of each list."""
    with reading(house.engine) as session:
        found = session.exec(
            select(LiveMessageRow).where(LiveMessageRow.kind == queries.MESSAGE_KIND)
        ).all()
        return {(one.subject.partition(":")[2], one.recipient) for one in found}


def test_every_key_that_works_is_in_it_the_doubtful_first(house: Domain) -> None:
    house.issue("Zapier, production", expires_at=house.clock.now() + 900 * DAY)
    house.issue("Grafana dashboard", owner=BOB.id)
    house.issue("test", owner=None)
    ended, _ = house.issue("Ended")
    house.revoke(ended.id)
    house.issue("Expired", expires_at=house.clock.now() + DAY)
    house.clock.move(2 * DAY)
    house.write(lambda s: departures.note(s, BOB.id, DepartureReason.GUEST, house.clock.now()))
    audit = look(house, begin(house))
    assert (audit.total, audit.stage, audit.done, audit.left) == (3, Stage.OPEN, 0, 3)
    assert audit.flagged == {
        RiskFinding.OWNER_GONE: 1, RiskFinding.UNOWNED: 1, RiskFinding.POOR_NAME: 1,
        RiskFinding.UNDATED: 2,
    }  # fmt: skip
    with reading(house.engine, house.account) as session:
        items, left = queries.items(session, audit.id)
    assert left == 3
    assert [item.key.name for item in items] == ["Grafana dashboard", "test", "Zapier, production"]
    # Who has left gets no list, and nobody's keys are in nobody's.
    assert lists(house) == {("0", "team"), ("0", "person:U0ALICE")}
    assert kinds(house, "audit.started") == [{"audit": audit.id, "keys": 3, "period": "2026-10-05"}]


def test_one_for_each_period_and_one_at_a_time(house: Domain) -> None:
    key, _ = house.issue()
    asked = begin(house, f"{lifecycle.ASKED}1")
    assert begin(house, f"{lifecycle.ASKED}2") == asked
    assert begin(house, "2026-10-05") == asked, "somebody was ahead of the schedule"
    keep(house, asked, key.id)
    assert look(house, asked).stage is Stage.FINISHED
    assert begin(house, "2026-10-05") == asked, "the period had its audit"
    following = begin(house, "2027-01-04")
    assert following != asked
    assert len(kinds(house, "audit.started")) == 2


def test_without_a_key_there_is_nothing_to_go_through(house: Domain) -> None:
    with pytest.raises(InvalidState, match="no key yet"):
        begin(house)
    assert kinds(house, "audit.started") == []
    with reading(house.engine, house.account) as session:
        assert queries.newest(session) is None


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


def test_of_two_who_decide_one_is_first_and_the_other_sees_it(house: Domain) -> None:
    key, _ = house.issue()
    house.issue("Another")
    id_ = begin(house)
    first, second = keep(house, id_, key.id, ALICE), keep(house, id_, key.id, BOB, "Mine")
    assert (first.by, second.by, second.reason) == (ALICE, ALICE, "")
    assert len(kinds(house, "audit.kept")) == 1


def test_a_kept_key_that_is_revoked_later_counts_as_revoked(house: Domain) -> None:
    key, _ = house.issue()
    house.issue("Another")
    id_ = begin(house)
    keep(house, id_, key.id)
    house.revoke(key.id, BOB)
    assert look(house, id_).decided == {Decision.REVOKED: 1}
    assert keep(house, id_, key.id).decision is Decision.REVOKED


def test_a_reason_that_is_too_long_is_refused(house: Domain) -> None:
    key, _ = house.issue()
    id_ = begin(house)
    with pytest.raises(NoteTooLong):
        keep(house, id_, key.id, reason="x" * 501)
    assert look(house, id_).done == 0


def ask_owner(house: Domain, id_: str, key_id: str) -> ReviewItem:
    asked: ReviewItem = house.write(
        lambda s: lifecycle.ask_owner(
            within(house.service, s, CARL),
            id_,
            key_id,
        )
    )
    return asked


def test_the_owner_is_asked_once(house: Domain) -> None:
    key, _ = house.issue(owner=BOB.id)
    nobodys, _ = house.issue("Nobody's", owner=None)
    id_ = begin(house)
    first, second = ask_owner(house, id_, key.id), ask_owner(house, id_, key.id)
    assert first.asked_at == second.asked_at == house.clock.now()
    assert len(kinds(house, "audit.owner_asked")) == 1
    with pytest.raises(InvalidState, match="has no owner"):
        ask_owner(house, id_, nobodys.id)
    house.write(lambda s: departures.note(s, BOB.id, DepartureReason.GUEST, house.clock.now()))
    with pytest.raises(InvalidState, match="has left"):
        ask_owner(house, id_, key.id)


def test_owners_may_decide_about_their_own_keys_while_it_is_open(house: Domain) -> None:
    key, _ = house.issue(owner=BOB.id)
    other, _ = house.issue("Other")
    id_ = begin(house)

    def may(person: Actor, key_id: str, account: str = "") -> bool:
        with reading(house.engine, account or house.account) as session:
            return queries.may_decide(session, id_, key_id, person.id)

    assert may(BOB, key.id)
    assert not may(BOB, other.id)
    assert not may(CARL, key.id)
    assert not may(BOB, key.id, "acc_other")
    keep(house, id_, key.id)
    keep(house, id_, other.id)
    look(house, id_)
    assert not may(BOB, key.id)


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


def test_pages_end_where_the_list_ends(house: Domain) -> None:
    keys = [house.issue(f"Key {n:02}", owner=BOB.id if n < 3 else ALICE.id)[0] for n in range(13)]
    id_ = begin(house)

    def page(skip: int, owner: str | None = None) -> list[str]:
        with reading(house.engine, house.account) as session:
            items, _ = queries.items(session, id_, owner=owner, skip=skip, most=5)
        return [item.key.name[-2:] for item in items]

    assert page(5) == ["05", "06", "07", "08", "09"]
    assert page(10) == page(99) == ["10", "11", "12"]
    assert page(0, BOB.id) == ["00", "01", "02"]
    for key in keys[10:]:
        keep(house, id_, key.id)
    assert page(10) == ["05", "06", "07", "08", "09"]


def test_other_accounts_audits_are_not_found(house: Domain) -> None:
    key, _ = house.issue()
    id_ = begin(house)
    with reading(house.engine, "acc_other") as session:
        for call in (
            lambda: queries.get(session, id_),
            lambda: queries.items(session, id_),
            lambda: queries.item(session, id_, key.id),
        ):
            with pytest.raises(KeyNotFound):
                call()


@pytest.mark.slow
def test_five_thousand_keys(house: Domain) -> None:
    from tests.keys.many import many_keys

    many_keys(house, 5_000)
    id_ = begin(house)
    audit = look(house, id_)
    assert audit.total == 5_000
    with reading(house.engine, house.account) as session:
        items, left = queries.items(session, id_, skip=4_990, most=6)
    assert (len(items), left) == (6, 5_000)
    house.clock.move(22 * DAY)
    assert look(house, id_).stage is Stage.FINISHED
