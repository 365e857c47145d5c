"""People leave: which keys they have to do with, and when each of them is handled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from keys.base.actors import Actor
from keys.base.errors import InvalidState, KeyNotFound
from keys.base.models import KeyView
from keys.changes import audit_log, live_messages, outbox
from keys.changes.authorization import Caller, Role
from keys.changes.change import change
from keys.changes.operation import Operation, execute
from keys.credentials.tokens import Token
from keys.lifecycle.create import activate_key, create_pending_key
from keys.offboarding import bulk, departures, progress, queries
from keys.offboarding.bulk import BulkItem
from keys.offboarding.departures import DepartureReason
from keys.offboarding.events import MESSAGE_KIND
from keys.offboarding.models import ASKED, BulkAction, OffboardingView, Result, Stage
from keys.offboarding.start import start_offboarding
from keys.offboarding.subscribers import on_key_rotated
from keys.operations import CloseOffboarding, KeepKey, RecordDeparture, RequestBulkAction, Transfer
from keys.rotation.events import KeyRotated
from keys.search import search
from keys.search.filters import KeyFilter
from storage import reading, writing
from storage.tables import Event, OutboxRow
from tests.keys.conftest import ALICE, BOB, LEASE, NOON, Domain
from tests.keys.rotation.test_rotations import rotate

CARL = Actor.person("U0CARL")
CARL_ASKS = Caller(CARL, frozenset({Role.ADMIN}))
TIMER = Actor.system("timer")


def issue_to(house: Domain, name: str, owner: str, to: Actor) -> tuple[KeyView, Token]:
    """A key that Alice made, with its token sent to somebody else."""
    request = house.request(name, owner=owner)
    with change(house.service, ALICE) as changing:
        made = create_pending_key(changing, request, to, LEASE)
        key = activate_key(changing, made.delivery_id, timedelta(minutes=15))
    return key, made.token


def asks(house: Domain, operation: Operation[Any]) -> Any:
    """What came of an operation that Carl, an admin, asked for."""
    return execute(house.service, CARL_ASKS, operation).value


def begin(house: Domain, person: Actor = BOB, why: str = ASKED) -> str | None:
    with change(house.service, CARL) as made:
        return start_offboarding(made, person.id, why)


def begun(house: Domain, person: Actor = BOB) -> str:
    id_ = begin(house, person)
    assert id_ is not None
    return id_


def sweep(house: Domain) -> int:
    with reading(house.engine, house.account) as session:
        if not progress.has_due_work(session, house.clock.now()):
            return 0
    with change(house.service, TIMER) as made:
        return progress.run_due(made)


def look(house: Domain, id_: str) -> OffboardingView:
    sweep(house)
    with reading(house.engine, house.account) as session:
        return queries.get(session, id_)


def results(house: Domain, id_: str) -> dict[str, Result | None]:
    return {item.key.name: item.result for item in look(house, id_).items}


def hand_over(house: Domain, key: KeyView, after: str = CARL.id) -> None:
    asks(house, Transfer(key=key.id, before=BOB.id, after=after))


def kinds(house: Domain) -> list[str]:
    with reading(house.engine) as session:
        events = select(Event).where(Event.account_id == house.account)
        return [event.kind for event in session.exec(events)]


def notice(house: Domain, person: Actor, left: DepartureReason | None) -> str | None:
    operation = RecordDeparture(person=person.id, left=left)
    return execute(house.service, Caller.system("slack"), operation).value


def test_three_ties_are_told_apart_and_others_keys_are_left_out(house: Domain) -> None:
    issue_to(house, "Sent to Bob", ALICE.id, BOB)
    issue_to(house, "Bob's own", BOB.id, ALICE)
    issue_to(house, "Both", BOB.id, BOB)
    issue_to(house, "Neither", CARL.id, CARL)
    found = look(house, begun(house))
    ties = {
        i.key.name: (i.relations.created, i.relations.owned, i.relations.sent) for i in found.items
    }
    assert ties == {
        "Sent to Bob": (False, False, True),
        "Bob's own": (False, True, False),
        "Both": (False, True, True),
    }
    # The doubtful ones first: a token that somebody has may be anywhere.
    assert next(item.key.name for item in found.items) == "Both"
    made = {i.key.name: i.relations.created for i in look(house, begun(house, ALICE)).items}
    assert made == {"Sent to Bob": True, "Bob's own": True, "Both": True, "Neither": True}


def test_whoever_has_nothing_to_do_with_keys_begins_nothing(house: Domain) -> None:
    issue_to(house, "Neither", CARL.id, CARL)
    revoked, _ = issue_to(house, "Revoked", BOB.id, BOB)
    house.revoke(revoked.id)
    assert begin(house) is None
    assert "offboarding.started" not in kinds(house)


def test_what_is_done_anywhere_counts_and_the_last_finishes_it(house: Domain) -> None:
    sent, _ = issue_to(house, "Sent", ALICE.id, BOB)
    owned, _ = issue_to(house, "Owned", BOB.id, ALICE)
    both, _ = issue_to(house, "Both", BOB.id, BOB)
    doomed, _ = issue_to(house, "Doomed", BOB.id, BOB)
    id_ = begun(house)
    assert set(results(house, id_).values()) == {None}
    rotate(house, sent.id)
    hand_over(house, owned)
    house.revoke(doomed.id)
    hand_over(house, both)
    assert results(house, id_) == {
        "Sent": Result.ROTATED,
        "Owned": Result.HANDED_OVER,
        "Doomed": Result.REVOKED,
        # Bob was sent its token, so another owner is not enough.
        "Both": None,
    }
    assert look(house, id_).stage is Stage.OPEN
    rotate(house, both.id)
    done = look(house, id_)
    assert (done.stage, done.open_items) == (Stage.FINISHED, [])
    assert kinds(house).count("offboarding.finished") == 1
    with reading(house.engine, house.account) as session:
        said = [n for n in session.exec(select(OutboxRow)) if n.kind == "offboarding.finished"]
        assert [n.recipient for n in said] == [outbox.TEAM]
        assert audit_log.verify_chain(session) is None
    by = {item.key.name: item.by for item in done.items}
    assert by == {"Sent": ALICE, "Owned": CARL, "Doomed": ALICE, "Both": ALICE}
    assert sweep(house) == 0


def test_a_key_that_they_only_made_is_kept_or_rotated(house: Domain) -> None:
    kept, _ = issue_to(house, "Kept", CARL.id, CARL)
    turned, _ = issue_to(house, "Turned", CARL.id, CARL)
    id_ = begun(house, ALICE)
    rotate(house, turned.id)
    assert results(house, id_) == {"Kept": None, "Turned": None}, "Alice has the new token"
    house.revoke(turned.id)

    def keep() -> None:
        asks(house, KeepKey(offboarding=id_, key=kept.id))

    keep()
    keep()
    assert kinds(house).count("offboarding.kept") == 1
    assert results(house, id_) == {"Kept": Result.KEPT, "Turned": Result.REVOKED}
    assert look(house, id_).stage is Stage.FINISHED
    keep()
    assert kinds(house).count("offboarding.kept") == 1


def test_a_key_that_comes_to_them_later_is_added_and_one_that_comes_back_is_open_again(
    house: Domain,
) -> None:
    first, _ = issue_to(house, "First", BOB.id, ALICE)
    issue_to(house, "Second", BOB.id, ALICE)
    id_ = begun(house)
    issue_to(house, "Third", BOB.id, BOB)
    hand_over(house, first)
    assert results(house, id_) == {"First": Result.HANDED_OVER, "Second": None, "Third": None}
    asks(house, Transfer(key=first.id, before=CARL.id, after=BOB.id))
    assert results(house, id_)["First"] is None


def test_an_expired_key_is_dealt_with_by_time_alone(house: Domain) -> None:
    ends = house.clock.now() + timedelta(days=2)
    house.issue("Dated", owner=BOB.id, expires_at=ends)
    id_ = begun(house)
    assert results(house, id_) == {"Dated": None}
    house.clock.move(timedelta(days=3))
    done = look(house, id_)
    assert (done.items[0].result, done.stage) == (Result.EXPIRED, Stage.FINISHED)


def test_there_is_one_at_a_time_and_slack_may_say_it_many_times(house: Domain) -> None:
    issue_to(house, "Owned", BOB.id, ALICE)
    first = begin(house)
    assert begin(house) == first
    for _ in range(3):
        assert notice(house, BOB, DepartureReason.DEACTIVATED) == first
    assert first is not None
    found = look(house, first)
    assert (found.why, str(found.started_by)) == ("deactivated", str(CARL))
    assert kinds(house).count("offboarding.started") == 1


def test_who_comes_back_is_told_of_and_it_can_be_closed(house: Domain) -> None:
    issue_to(house, "Owned", BOB.id, ALICE)
    id_ = notice(house, BOB, DepartureReason.GUEST)
    assert id_ is not None
    assert not look(house, id_).returned
    assert notice(house, BOB, None) == id_
    assert look(house, id_).returned
    for expected in (True, False):
        assert asks(house, CloseOffboarding(offboarding=id_)) is expected
    found = look(house, id_)
    assert (found.stage, found.ended_by) == (Stage.CLOSED, CARL)
    assert len(found.open_items) == 1
    # Once they leave anew, all of it is asked anew.
    house.clock.move(timedelta(days=1))
    again = notice(house, BOB, DepartureReason.DEACTIVATED)
    assert again not in (None, id_)


def test_what_an_admin_has_kept_is_not_asked_again_by_the_daily_look(house: Domain) -> None:
    kept, _ = issue_to(house, "Kept", BOB.id, BOB)
    id_ = notice(house, BOB, DepartureReason.DEACTIVATED)
    assert id_ is not None
    asks(house, KeepKey(offboarding=id_, key=kept.id))
    assert look(house, id_).stage is Stage.FINISHED
    assert notice(house, BOB, DepartureReason.DEACTIVATED) is None
    issue_to(house, "New", BOB.id, ALICE)
    again = notice(house, BOB, DepartureReason.DEACTIVATED)
    assert again is not None
    assert list(results(house, again)) == ["New"]


def test_home_finds_the_keys_whose_owner_has_left(house: Domain) -> None:
    issue_to(house, "Bob's", BOB.id, ALICE)
    issue_to(house, "Alice's", ALICE.id, ALICE)

    def shelf() -> list[str]:
        with reading(house.engine, house.account) as session:
            now = house.clock.now()
            page = search.page(session, key_filter=(KeyFilter.GONE, CARL.id, now))
        return [key.name for key in page.keys]

    begin(house)
    assert shelf() == []
    notice(house, BOB, DepartureReason.DEACTIVATED)
    assert shelf() == ["Bob's"]
    notice(house, BOB, None)
    assert shelf() == []


def work(house: Domain) -> BulkItem | None:
    with writing(house.engine, house.account) as session:
        return bulk.claim_bulk_item(session, house.clock.now(), LEASE)


def want(house: Domain, id_: str, wish: BulkAction, recipient: str = CARL.id) -> int:
    bulk_action = RequestBulkAction(offboarding=id_, action=wish, recipient=recipient)
    count: int = asks(house, bulk_action)
    return count


def complete(house: Domain, item: BulkItem, problem: str = "") -> None:
    with change(house.service, TIMER) as made:
        bulk.complete_bulk_item(made, item, problem)


def test_many_at_once_are_claimed_one_by_one_and_a_crash_loses_none(house: Domain) -> None:
    names = ["A", "B", "C"]
    for name in names:
        issue_to(house, name, BOB.id, BOB)
    id_ = begun(house)
    assert want(house, id_, BulkAction.REVOKE) == 3
    first, second, third = work(house), work(house), work(house)
    assert first
    assert second
    assert third
    assert len({w.key_id for w in (first, second, third)}) == 3
    assert work(house) is None
    house.revoke(first.key_id)
    complete(house, first)
    complete(house, second, "Slack did not take it.")
    house.clock.move(LEASE)
    # Whoever had the third has died.
    again = work(house)
    assert again == third
    problems = {item.key.id: item.problem for item in look(house, id_).items}
    assert problems[second.key_id] == "Slack did not take it."
    assert want(house, id_, BulkAction.ROTATE) == 2
    assert {i.problem for i in look(house, id_).items} == {""}
    assert asks(house, CloseOffboarding(offboarding=id_))
    assert work(house) is None
    with reading(house.engine, house.account) as session:
        assert not bulk.is_work_waiting(session)


def test_keys_are_not_handed_over_to_who_leaves(house: Domain) -> None:
    key, _ = issue_to(house, "Owned", BOB.id, ALICE)
    issue_to(house, "Sent", ALICE.id, BOB)
    id_ = begun(house)
    with pytest.raises(InvalidState, match="Choose another person"):
        want(house, id_, BulkAction.HAND_OVER, BOB.id)
    # Of the other one Bob is no owner.
    assert want(house, id_, BulkAction.HAND_OVER) == 1
    job = work(house)
    assert job is not None
    assert (job.key_id, job.recipient, job.person) == (key.id, CARL.id, BOB.id)


def test_the_next_token_goes_to_the_owner_unless_they_leave(house: Domain) -> None:
    key, _ = issue_to(house, "Owned", BOB.id, ALICE)
    with reading(house.engine, house.account) as session:
        assert queries.successor(session, key) == BOB.id
    begun(house)
    with reading(house.engine, house.account) as session:
        assert queries.successor(session, key) is None
    with change(house.service, CARL) as made:
        on_key_rotated(made, KeyRotated(made.load(key.id), "rot_1", NOON, CARL))
    with reading(house.engine, house.account) as session:
        assert search.get(session, key.id).owner == CARL.id


def test_other_accounts_offboardings_are_not_found(house: Domain) -> None:
    issue_to(house, "Owned", BOB.id, ALICE)
    id_ = begun(house)
    with reading(house.engine, "acc_other") as session, pytest.raises(KeyNotFound):
        queries.get(session, id_)
    with pytest.raises(KeyNotFound):
        asks(house, KeepKey(offboarding=id_, key="key_other"))


def test_slack_is_asked_once_a_day_about_those_who_have_to_do_with_keys(house: Domain) -> None:
    issue_to(house, "Owned", BOB.id, CARL)

    def due(most: int = 10) -> list[str]:
        now = house.clock.now()
        found: list[str] = house.write(lambda s: departures.claim_to_ask_about(s, now, most))
        return found

    assert due(2) == sorted([ALICE.id, BOB.id, CARL.id])[:2]
    assert due(2) == sorted([ALICE.id, BOB.id, CARL.id])[2:]
    assert due() == []
    house.write(lambda s: departures.ask_again(s, BOB.id))
    assert due() == [BOB.id]
    house.clock.move(timedelta(days=1))
    assert due() == sorted([ALICE.id, BOB.id, CARL.id])


def test_the_message_is_drawn_anew_when_a_key_changes(house: Domain) -> None:
    key, _ = issue_to(house, "Owned", BOB.id, ALICE)
    begun(house)
    sweep(house)
    now = house.clock.now()
    with writing(house.engine, house.account) as session:
        one = live_messages.claim(session, now, LEASE)
        assert one is not None
        assert one.kind == MESSAGE_KIND
        live_messages.rendered(session, one, "f", now, now + timedelta(hours=1))
    house.rename(key.id, "Another name")
    sweep(house)
    with writing(house.engine, house.account) as session:
        again = live_messages.claim(session, house.clock.now(), LEASE)
    assert again is not None


def test_what_the_audit_log_does_not_keep_is_shown_at_once_too(house: Domain) -> None:
    key, _ = issue_to(house, "Owned", BOB.id, ALICE)
    id_ = begun(house)
    assert want(house, id_, BulkAction.REVOKE) == 1
    job = work(house)
    assert job is not None
    now = house.clock.now()
    with writing(house.engine, house.account) as session:
        shown = live_messages.claim(session, now, LEASE)
        assert shown is not None
        live_messages.rendered(session, shown, "f", now, now + timedelta(hours=1))
    before, woken = kinds(house), []
    with change(replace(house.service, wake=lambda: woken.append(key.id)), TIMER) as made:
        bulk.complete_bulk_item(made, job, "The key was gone.")
        assert woken == [], "nobody is woken before the commit"
    assert woken == [key.id]
    assert kinds(house) == before
    with writing(house.engine, house.account) as session:
        again = live_messages.claim(session, now, LEASE)
    assert again is not None
    assert again.subject == id_
