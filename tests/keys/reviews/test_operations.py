"""What people do in a review: it is started once, keys are kept, and owners are asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from keys.base.actors import Actor
from keys.base.errors import InvalidState, KeyNotFound
from keys.offboarding import departures
from keys.offboarding.departures import DepartureReason
from keys.reviews import pages, queries
from keys.reviews.findings import Recommendation, RiskFinding
from keys.reviews.models import ASKED, Decision, Stage
from storage import reading
from tests.keys.conftest import ALICE, BOB, Domain
from tests.keys.leaks.test_detection import look as find_tokens
from tests.keys.reviews.reviewing import (
    CARL,
    ask_owner,
    begin,
    keep,
    kinds,
    lists,
    look,
)
from tests.keys.rotation.test_rotations import rotate

DAY = timedelta(days=1)


def test_every_key_that_works_is_in_it_the_doubtful_first(domain: Domain) -> None:
    domain.issue("Zapier, production", expires_at=domain.clock.now() + 900 * DAY)
    domain.issue("Grafana dashboard", owner=BOB.id)
    domain.issue("test", owner=None)
    ended, _ = domain.issue("Ended")
    domain.revoke(ended.id)
    domain.issue("Expired", expires_at=domain.clock.now() + DAY)
    domain.clock.move(2 * DAY)
    domain.write(lambda s: departures.note(s, BOB.id, DepartureReason.GUEST, domain.clock.now()))
    audit = look(domain, begin(domain))
    assert (audit.total, audit.stage, audit.done, audit.left) == (3, Stage.OPEN, 0, 3)
    assert audit.flagged == {
        RiskFinding.OWNER_GONE: 1, RiskFinding.UNOWNED: 1, RiskFinding.POOR_NAME: 1,
        RiskFinding.UNDATED: 2,
    }  # fmt: skip
    with reading(domain.engine, domain.account) as session:
        found = pages.page(session, audit.id, "", most=20)
    assert (found.left, found.suggested_left) == (3, 0)
    assert [item.key.name for item in found.items] == [
        "Grafana dashboard",
        "test",
        "Zapier, production",
    ]
    # Who has left gets no list, and nobody's keys are in nobody's.
    assert lists(domain) == {("0", "team"), ("0", "person:U0ALICE")}
    (started,) = kinds(domain, "audit.started")
    digests = started.pop("start")
    assert started == {
        "audit": audit.id, "keys": 3, "period": "2026-10-05",
        "deadline_at": audit.deadline_at.isoformat(),
    }  # fmt: skip
    assert (len(digests["sha256"]), len(digests["rows"])) == (64, 3 * 8)


def test_one_for_each_period_and_one_at_a_time(domain: Domain) -> None:
    key, _ = domain.issue()
    asked = begin(domain, f"{ASKED}1")
    assert begin(domain, f"{ASKED}2") == asked
    assert begin(domain, "2026-10-05") == asked, "somebody was ahead of the schedule"
    keep(domain, asked, key.id)
    assert look(domain, asked).stage is Stage.FINISHED
    assert begin(domain, "2026-10-05") == asked, "the period had its audit"
    following = begin(domain, "2027-01-04")
    assert following != asked
    assert len(kinds(domain, "audit.started")) == 2


def test_without_a_key_there_is_nothing_to_go_through(domain: Domain) -> None:
    with pytest.raises(InvalidState, match="no keys yet"):
        begin(domain)
    assert kinds(domain, "audit.started") == []
    with reading(domain.engine, domain.account) as session:
        assert queries.newest(session) is None


def test_of_two_who_decide_one_is_first_and_the_other_sees_it(domain: Domain) -> None:
    key, _ = domain.issue()
    domain.issue("Another")
    id_ = begin(domain)
    first, second = keep(domain, id_, key.id, ALICE), keep(domain, id_, key.id, BOB, "Mine")
    assert (first.by, second.by, second.reason) == (ALICE, ALICE, "")
    assert len(kinds(domain, "audit.kept")) == 1


def test_a_reason_that_is_too_long_is_refused(domain: Domain) -> None:
    key, _ = domain.issue()
    id_ = begin(domain)
    with pytest.raises(ValidationError, match="the maximum is 500"):
        keep(domain, id_, key.id, reason="x" * 501)
    assert look(domain, id_).done == 0


def test_the_owner_is_asked_once(domain: Domain) -> None:
    key, _ = domain.issue(owner=BOB.id)
    nobodys, _ = domain.issue("Nobody's", owner=None)
    id_ = begin(domain)
    first, second = ask_owner(domain, id_, key.id), ask_owner(domain, id_, key.id)
    assert first.asked_at == second.asked_at == domain.clock.now()
    assert len(kinds(domain, "audit.owner_asked")) == 1
    with pytest.raises(InvalidState, match="has no owner"):
        ask_owner(domain, id_, nobodys.id)
    domain.write(lambda s: departures.note(s, BOB.id, DepartureReason.GUEST, domain.clock.now()))
    with pytest.raises(InvalidState, match="has left"):
        ask_owner(domain, id_, key.id)


def test_owners_may_decide_about_their_own_keys_while_it_is_open(domain: Domain) -> None:
    key, _ = domain.issue(owner=BOB.id)
    other, _ = domain.issue("Other")
    id_ = begin(domain)

    def may(person: Actor, key_id: str, account: str = "") -> bool:
        with reading(domain.engine, account or domain.account) as session:
            return queries.may_decide(session, id_, key_id, person.id)

    assert may(BOB, key.id)
    assert not may(BOB, other.id)
    assert not may(CARL, key.id)
    assert not may(BOB, key.id, "acc_other")
    keep(domain, id_, key.id)
    keep(domain, id_, other.id)
    look(domain, id_)
    assert not may(BOB, key.id)


def test_pages_end_where_the_list_ends(domain: Domain) -> None:
    keys = [domain.issue(f"Key {n:02}", owner=BOB.id if n < 3 else ALICE.id)[0] for n in range(16)]
    id_ = begin(domain)

    def page(skip: int, owner: str = ALICE.id) -> list[str]:
        now = domain.clock.now()
        with reading(domain.engine, domain.account) as session:
            found = pages.owners_page(session, id_, owner=owner, since=now, skip=skip, most=5)
        return [item.key.name[-2:] for item in found.items]

    assert page(5) == ["08", "09", "10", "11", "12"]
    assert page(10) == page(99) == ["13", "14", "15"]
    assert page(0, BOB.id) == ["00", "01", "02"]
    for key in keys[13:]:
        keep(domain, id_, key.id)
    domain.clock.move(timedelta(seconds=1))
    assert page(10) == ["08", "09", "10", "11", "12"]


def test_a_key_that_is_decided_stays_in_its_place_until_the_page_is_turned(domain: Domain) -> None:
    keys = [domain.issue(f"Key {n}", owner=BOB.id)[0] for n in range(4)]
    id_ = begin(domain)
    turned_at = domain.clock.now()

    def page() -> pages.OwnersPage:
        with reading(domain.engine, domain.account) as session:
            return pages.owners_page(session, id_, owner=BOB.id, since=turned_at, skip=2, most=2)

    domain.clock.move(DAY)
    for key in keys[:3]:
        keep(domain, id_, key.id)
    shown = page()
    assert [(item.key.name, item.decision) for item in shown.items] == [
        ("Key 2", Decision.KEPT), ("Key 3", None),
    ]  # fmt: skip
    assert (shown.total, shown.skip, shown.left, shown.left_before) == (4, 2, 1, 0)
    turned_at = domain.clock.now() + DAY
    assert [item.key.name for item in page().items] == ["Key 3"]


def test_other_accounts_audits_are_not_found(domain: Domain) -> None:
    key, _ = domain.issue()
    id_ = begin(domain)
    with reading(domain.engine, "acc_other") as session:
        for call in (
            lambda: queries.get(session, id_),
            lambda: pages.page(session, id_, "", most=5),
            lambda: queries.item(session, id_, key.id),
        ):
            with pytest.raises(KeyNotFound):
                call()


@pytest.mark.slow
def test_five_thousand_keys(domain: Domain) -> None:
    from tests.keys.many import many_keys

    many_keys(domain, 5_000)
    id_ = begin(domain)
    audit = look(domain, id_)
    assert audit.total == 5_000
    with reading(domain.engine, domain.account) as session:
        found = pages.page(session, id_, "1-4990", most=6)
    assert (len(found.items), found.left, found.before) == (6, 5_000, 4_990)
    domain.clock.move(22 * DAY)
    assert look(domain, id_).stage is Stage.FINISHED


def test_a_key_whose_token_leaked_is_first_and_nobody_suggests_to_keep_it(domain: Domain) -> None:
    end = domain.clock.now() + 900 * DAY
    domain.issue("Answers, production", expires_at=end)
    key, token = domain.issue("Zapier, production", expires_at=end)
    # One that is replaced, and one that expired, are known to others and of no use to them.
    replaced, old = domain.issue("Grafana, production", expires_at=end)
    _, gone = domain.issue("Billing, production", expires_at=domain.clock.now() + DAY)
    find_tokens(domain, token.reveal(), old.reveal(), gone.reveal())
    rotate(domain, replaced.id, grace=timedelta())
    domain.clock.move(DAY)
    audit = look(domain, begin(domain))
    assert audit.flagged == {RiskFinding.LEAKED: 1}
    with reading(domain.engine, domain.account) as session:
        found = pages.page(session, audit.id, "", most=20)
    assert (found.left, found.items[0].key.id) == (3, key.id)
    leaked = next(item for item in found.items if item.key.id == key.id)
    assert leaked.advice is Recommendation.ROTATE
