"""What people do in a review: it is started once, keys are kept, and owners are asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keys.base.actors import Actor
from keys.base.errors import InvalidState, KeyNotFound, NoteTooLong
from keys.offboarding import departures
from keys.offboarding.departures import DepartureReason
from keys.reviews import lifecycle, queries
from keys.reviews.findings import RiskFinding
from keys.reviews.models import Stage
from storage import reading
from tests.keys.conftest import ALICE, BOB, Domain
from tests.keys.reviews.reviewing import (
    CARL,
    ask_owner,
    begin,
    keep,
    kinds,
    lists,
    look,
)

DAY = timedelta(days=1)


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


def test_of_two_who_decide_one_is_first_and_the_other_sees_it(house: Domain) -> None:
    key, _ = house.issue()
    house.issue("Another")
    id_ = begin(house)
    first, second = keep(house, id_, key.id, ALICE), keep(house, id_, key.id, BOB, "Mine")
    assert (first.by, second.by, second.reason) == (ALICE, ALICE, "")
    assert len(kinds(house, "audit.kept")) == 1


def test_a_reason_that_is_too_long_is_refused(house: Domain) -> None:
    key, _ = house.issue()
    id_ = begin(house)
    with pytest.raises(NoteTooLong):
        keep(house, id_, key.id, reason="x" * 501)
    assert look(house, id_).done == 0


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
