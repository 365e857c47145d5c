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
from keys.changes import live_messages, outbox
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
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, BOB, LEASE, NOON, Domain
from tests.keys.rotation.test_rotations import rotate

CARL = Actor.person("U0CARL")
CARL_ASKS = Caller(CARL, frozenset({Role.ADMIN}))
TIMER = Actor.system("timer")


def issue_to(domain: Domain, name: str, owner: str, to: Actor) -> tuple[KeyView, Token]:
    """A key that Alice made, with its token sent to somebody else."""
    request = domain.request(name, owner=owner)
    with domain.change(ALICE) as changing:
        made = create_pending_key(changing, request, to, LEASE)
        key = activate_key(changing, made.delivery_id, timedelta(minutes=15))
    return key, made.token


def asks(domain: Domain, operation: Operation[Any]) -> Any:
    """What came of an operation that Carl, an admin, asked for."""
    return execute(domain.services, CARL_ASKS, operation).value


def begin(domain: Domain, person: Actor = BOB, why: str = ASKED) -> str | None:
    with domain.change(CARL) as made:
        return start_offboarding(made, person.id, why)


def begun(domain: Domain, person: Actor = BOB) -> str:
    id_ = begin(domain, person)
    assert id_ is not None
    return id_


def sweep(domain: Domain) -> int:
    with reading(domain.engine, domain.account) as session:
        if not progress.has_due_work(session, domain.clock.now()):
            return 0
    with domain.change(TIMER) as made:
        return progress.run_due(made)


def look(domain: Domain, id_: str) -> OffboardingView:
    sweep(domain)
    with reading(domain.engine, domain.account) as session:
        return queries.get(session, id_)


def results(domain: Domain, id_: str) -> dict[str, Result | None]:
    return {item.key.name: item.result for item in look(domain, id_).items}


def hand_over(domain: Domain, key: KeyView, after: str = CARL.id) -> None:
    asks(domain, Transfer(key=key.id, before=BOB.id, after=after))


def kinds(domain: Domain) -> list[str]:
    with reading(domain.engine) as session:
        events = select(Event).where(Event.account_id == domain.account)
        return [event.kind for event in session.exec(events)]


def notice(domain: Domain, person: Actor, left: DepartureReason | None) -> str | None:
    operation = RecordDeparture(person=person.id, left=left)
    return execute(domain.services, Caller.system("slack"), operation).value


def test_three_ties_are_told_apart_and_others_keys_are_left_out(domain: Domain) -> None:
    issue_to(domain, "Sent to Bob", ALICE.id, BOB)
    issue_to(domain, "Bob's own", BOB.id, ALICE)
    issue_to(domain, "Both", BOB.id, BOB)
    issue_to(domain, "Neither", CARL.id, CARL)
    found = look(domain, begun(domain))
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
    made = {i.key.name: i.relations.created for i in look(domain, begun(domain, ALICE)).items}
    assert made == {"Sent to Bob": True, "Bob's own": True, "Both": True, "Neither": True}


def test_whoever_has_nothing_to_do_with_keys_begins_nothing(domain: Domain) -> None:
    issue_to(domain, "Neither", CARL.id, CARL)
    revoked, _ = issue_to(domain, "Revoked", BOB.id, BOB)
    domain.revoke(revoked.id)
    assert begin(domain) is None
    assert "offboarding.started" not in kinds(domain)


def test_what_is_done_anywhere_counts_and_the_last_finishes_it(domain: Domain) -> None:
    sent, _ = issue_to(domain, "Sent", ALICE.id, BOB)
    owned, _ = issue_to(domain, "Owned", BOB.id, ALICE)
    both, _ = issue_to(domain, "Both", BOB.id, BOB)
    doomed, _ = issue_to(domain, "Doomed", BOB.id, BOB)
    id_ = begun(domain)
    assert set(results(domain, id_).values()) == {None}
    rotate(domain, sent.id)
    hand_over(domain, owned)
    domain.revoke(doomed.id)
    hand_over(domain, both)
    assert results(domain, id_) == {
        "Sent": Result.ROTATED,
        "Owned": Result.HANDED_OVER,
        "Doomed": Result.REVOKED,
        # Bob was sent its token, so another owner is not enough.
        "Both": None,
    }
    assert look(domain, id_).stage is Stage.OPEN
    rotate(domain, both.id)
    done = look(domain, id_)
    assert (done.stage, done.open_items) == (Stage.FINISHED, [])
    assert kinds(domain).count("offboarding.finished") == 1
    with reading(domain.engine, domain.account) as session:
        said = [n for n in session.exec(select(OutboxRow)) if n.kind == "offboarding.finished"]
        assert [n.recipient for n in said] == [outbox.TEAM]
        assert verify_chain(session) is None
    by = {item.key.name: item.by for item in done.items}
    assert by == {"Sent": ALICE, "Owned": CARL, "Doomed": ALICE, "Both": ALICE}
    assert sweep(domain) == 0


def test_a_key_that_they_only_made_is_kept_or_rotated(domain: Domain) -> None:
    kept, _ = issue_to(domain, "Kept", CARL.id, CARL)
    turned, _ = issue_to(domain, "Turned", CARL.id, CARL)
    id_ = begun(domain, ALICE)
    rotate(domain, turned.id)
    assert results(domain, id_) == {"Kept": None, "Turned": None}, "Alice has the new token"
    domain.revoke(turned.id)

    def keep() -> None:
        asks(domain, KeepKey(offboarding=id_, key=kept.id))

    keep()
    keep()
    assert kinds(domain).count("offboarding.kept") == 1
    assert results(domain, id_) == {"Kept": Result.KEPT, "Turned": Result.REVOKED}
    assert look(domain, id_).stage is Stage.FINISHED
    keep()
    assert kinds(domain).count("offboarding.kept") == 1


def test_a_key_that_comes_to_them_later_is_added_and_one_that_comes_back_is_open_again(
    domain: Domain,
) -> None:
    first, _ = issue_to(domain, "First", BOB.id, ALICE)
    issue_to(domain, "Second", BOB.id, ALICE)
    id_ = begun(domain)
    issue_to(domain, "Third", BOB.id, BOB)
    hand_over(domain, first)
    assert results(domain, id_) == {"First": Result.HANDED_OVER, "Second": None, "Third": None}
    asks(domain, Transfer(key=first.id, before=CARL.id, after=BOB.id))
    assert results(domain, id_)["First"] is None


def test_an_expired_key_is_dealt_with_by_time_alone(domain: Domain) -> None:
    ends = domain.clock.now() + timedelta(days=2)
    domain.issue("Dated", owner=BOB.id, expires_at=ends)
    id_ = begun(domain)
    assert results(domain, id_) == {"Dated": None}
    domain.clock.move(timedelta(days=3))
    done = look(domain, id_)
    assert (done.items[0].result, done.stage) == (Result.EXPIRED, Stage.FINISHED)


def test_there_is_one_at_a_time_and_slack_may_say_it_many_times(domain: Domain) -> None:
    issue_to(domain, "Owned", BOB.id, ALICE)
    first = begin(domain)
    assert begin(domain) == first
    for _ in range(3):
        assert notice(domain, BOB, DepartureReason.DEACTIVATED) == first
    assert first is not None
    found = look(domain, first)
    assert (found.why, str(found.started_by)) == ("deactivated", str(CARL))
    assert kinds(domain).count("offboarding.started") == 1


def test_who_comes_back_is_told_of_and_it_can_be_closed(domain: Domain) -> None:
    issue_to(domain, "Owned", BOB.id, ALICE)
    id_ = notice(domain, BOB, DepartureReason.GUEST)
    assert id_ is not None
    assert not look(domain, id_).returned
    assert notice(domain, BOB, None) == id_
    assert look(domain, id_).returned
    for expected in (True, False):
        assert asks(domain, CloseOffboarding(offboarding=id_)) is expected
    found = look(domain, id_)
    assert (found.stage, found.ended_by) == (Stage.CLOSED, CARL)
    assert len(found.open_items) == 1
    # Once they leave anew, all of it is asked anew.
    domain.clock.move(timedelta(days=1))
    again = notice(domain, BOB, DepartureReason.DEACTIVATED)
    assert again not in (None, id_)


def test_what_an_admin_has_kept_is_not_asked_again_by_the_daily_look(domain: Domain) -> None:
    kept, _ = issue_to(domain, "Kept", BOB.id, BOB)
    id_ = notice(domain, BOB, DepartureReason.DEACTIVATED)
    assert id_ is not None
    asks(domain, KeepKey(offboarding=id_, key=kept.id))
    assert look(domain, id_).stage is Stage.FINISHED
    assert notice(domain, BOB, DepartureReason.DEACTIVATED) is None
    issue_to(domain, "New", BOB.id, ALICE)
    again = notice(domain, BOB, DepartureReason.DEACTIVATED)
    assert again is not None
    assert list(results(domain, again)) == ["New"]


def test_home_finds_the_keys_whose_owner_has_left(domain: Domain) -> None:
    issue_to(domain, "Bob's", BOB.id, ALICE)
    issue_to(domain, "Alice's", ALICE.id, ALICE)

    def shelf() -> list[str]:
        with reading(domain.engine, domain.account) as session:
            now = domain.clock.now()
            page = search.page(session, key_filter=(KeyFilter.GONE, CARL.id, now))
        return [key.name for key in page.keys]

    begin(domain)
    assert shelf() == []
    notice(domain, BOB, DepartureReason.DEACTIVATED)
    assert shelf() == ["Bob's"]
    notice(domain, BOB, None)
    assert shelf() == []


def work(domain: Domain) -> BulkItem | None:
    with writing(domain.engine, domain.account) as session:
        return bulk.claim_bulk_item(session, domain.clock.now(), LEASE)


def want(domain: Domain, id_: str, wish: BulkAction, recipient: str = CARL.id) -> int:
    bulk_action = RequestBulkAction(offboarding=id_, action=wish, recipient=recipient)
    count: int = asks(domain, bulk_action)
    return count


def complete(domain: Domain, item: BulkItem, problem: str = "") -> None:
    with domain.change(TIMER) as made:
        bulk.complete_bulk_item(made, item, problem)


def test_many_at_once_are_claimed_one_by_one_and_a_crash_loses_none(domain: Domain) -> None:
    names = ["A", "B", "C"]
    for name in names:
        issue_to(domain, name, BOB.id, BOB)
    id_ = begun(domain)
    assert want(domain, id_, BulkAction.REVOKE) == 3
    first, second, third = work(domain), work(domain), work(domain)
    assert first
    assert second
    assert third
    assert len({w.key_id for w in (first, second, third)}) == 3
    assert work(domain) is None
    domain.revoke(first.key_id)
    complete(domain, first)
    complete(domain, second, "Slack did not take it.")
    domain.clock.move(LEASE)
    # Whoever had the third has died.
    again = work(domain)
    assert again == third
    problems = {item.key.id: item.problem for item in look(domain, id_).items}
    assert problems[second.key_id] == "Slack did not take it."
    assert want(domain, id_, BulkAction.ROTATE) == 2
    assert {i.problem for i in look(domain, id_).items} == {""}
    assert asks(domain, CloseOffboarding(offboarding=id_))
    assert work(domain) is None
    with reading(domain.engine, domain.account) as session:
        assert not bulk.is_work_waiting(session)


def test_keys_are_not_handed_over_to_who_leaves(domain: Domain) -> None:
    key, _ = issue_to(domain, "Owned", BOB.id, ALICE)
    issue_to(domain, "Sent", ALICE.id, BOB)
    id_ = begun(domain)
    with pytest.raises(InvalidState, match="Choose another person"):
        want(domain, id_, BulkAction.HAND_OVER, BOB.id)
    # Of the other one Bob is no owner.
    assert want(domain, id_, BulkAction.HAND_OVER) == 1
    job = work(domain)
    assert job is not None
    assert (job.key_id, job.recipient, job.person) == (key.id, CARL.id, BOB.id)


def test_the_next_token_goes_to_the_owner_unless_they_leave(domain: Domain) -> None:
    key, _ = issue_to(domain, "Owned", BOB.id, ALICE)
    with reading(domain.engine, domain.account) as session:
        assert queries.successor(session, key) == BOB.id
    begun(domain)
    with reading(domain.engine, domain.account) as session:
        assert queries.successor(session, key) is None
    with domain.change(CARL) as made:
        on_key_rotated(made, KeyRotated(made.load(key.id), "rot_1", NOON, CARL))
    with reading(domain.engine, domain.account) as session:
        assert search.get(session, key.id).owner == CARL.id


def test_other_accounts_offboardings_are_not_found(domain: Domain) -> None:
    issue_to(domain, "Owned", BOB.id, ALICE)
    id_ = begun(domain)
    with reading(domain.engine, "acc_other") as session, pytest.raises(KeyNotFound):
        queries.get(session, id_)
    with pytest.raises(KeyNotFound):
        asks(domain, KeepKey(offboarding=id_, key="key_other"))


def test_slack_is_asked_once_a_day_about_those_who_have_to_do_with_keys(domain: Domain) -> None:
    issue_to(domain, "Owned", BOB.id, CARL)

    def due(most: int = 10) -> list[str]:
        now = domain.clock.now()
        found: list[str] = domain.write(lambda s: departures.claim_to_ask_about(s, now, most))
        return found

    assert due(2) == sorted([ALICE.id, BOB.id, CARL.id])[:2]
    assert due(2) == sorted([ALICE.id, BOB.id, CARL.id])[2:]
    assert due() == []
    domain.write(lambda s: departures.ask_again(s, BOB.id))
    assert due() == [BOB.id]
    domain.clock.move(timedelta(days=1))
    assert due() == sorted([ALICE.id, BOB.id, CARL.id])


def test_the_message_is_drawn_anew_when_a_key_changes(domain: Domain) -> None:
    key, _ = issue_to(domain, "Owned", BOB.id, ALICE)
    begun(domain)
    sweep(domain)
    now = domain.clock.now()
    with writing(domain.engine, domain.account) as session:
        one = live_messages.claim(session, now, LEASE)
        assert one is not None
        assert one.kind == MESSAGE_KIND
        live_messages.rendered(session, one, "f", now, now + timedelta(hours=1))
    domain.rename(key.id, "Another name")
    sweep(domain)
    with writing(domain.engine, domain.account) as session:
        again = live_messages.claim(session, domain.clock.now(), LEASE)
    assert again is not None


def test_what_the_audit_log_does_not_keep_is_shown_at_once_too(domain: Domain) -> None:
    key, _ = issue_to(domain, "Owned", BOB.id, ALICE)
    id_ = begun(domain)
    assert want(domain, id_, BulkAction.REVOKE) == 1
    job = work(domain)
    assert job is not None
    now = domain.clock.now()
    with writing(domain.engine, domain.account) as session:
        shown = live_messages.claim(session, now, LEASE)
        assert shown is not None
        live_messages.rendered(session, shown, "f", now, now + timedelta(hours=1))
    before, woken = kinds(domain), []
    with change(replace(domain.services, wake=lambda: woken.append(key.id)), TIMER) as made:
        bulk.complete_bulk_item(made, job, "The key was gone.")
        assert woken == [], "nobody is woken before the commit"
    assert woken == [key.id]
    assert kinds(domain) == before
    with writing(domain.engine, domain.account) as session:
        again = live_messages.claim(session, now, LEASE)
    assert again is not None
    assert again.subject == id_
