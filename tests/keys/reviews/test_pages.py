"""Pages of the keys without a decision: suggested keys first, and a place for each reader."""

from __future__ import annotations

from sqlalchemy import event

from keys.changes.authorization import Caller, Role
from keys.operations import KeepKeysInReview, execute
from keys.reviews import pages
from keys.reviews.pages import ReviewPage
from storage import reading
from tests.keys.conftest import ALICE, BOB, Domain
from tests.keys.many import many_keys
from tests.keys.reviews.reviewing import begin, keep
from tests.keys.rotation.test_rotations import use


def page(domain: Domain, id_: str, cursor: str = "", most: int = 3) -> ReviewPage:
    with reading(domain.engine, domain.account) as session:
        return pages.page(session, id_, cursor, most=most)


def names(found: ReviewPage) -> list[str]:
    return [item.key.name for item in found.items]


def test_used_and_owned_keys_come_first(domain: Domain) -> None:
    domain.issue("A never used", owner=BOB.id)
    _, used = domain.issue("Z used", owner=BOB.id)
    _, unowned = domain.issue("B without an owner", owner=None)
    for token in (used, unowned):
        use(domain, token, domain.clock.now())
    found = page(domain, begin(domain))
    assert names(found) == ["Z used", "B without an owner", "A never used"]
    assert found.suggested == {found.items[0].key.id}
    assert (found.left, found.suggested_left) == (3, 1)


def test_no_key_is_left_out_while_another_admin_decides(domain: Domain) -> None:
    keys = [domain.issue(f"Key {n}")[0] for n in range(9)]
    id_ = begin(domain)
    first = page(domain, id_)
    assert (first.previous_cursor, first.before) == (None, 0)
    for key in keys[:3]:
        keep(domain, id_, key.id)
    second = page(domain, id_, first.next_cursor or "")
    assert names(second) == ["Key 3", "Key 4", "Key 5"]
    assert second.before == 0
    keep(domain, id_, keys[6].id)
    third = page(domain, id_, second.next_cursor or "")
    assert names(third) == ["Key 7", "Key 8"]
    assert third.next_cursor is None
    back = page(domain, id_, third.previous_cursor or "")
    assert names(back) == names(second)


def test_a_cursor_of_another_kind_is_the_first_page(domain: Domain) -> None:
    for n in range(4):
        domain.issue(f"Key {n}")
    id_ = begin(domain)
    for cursor in ("", "6", "2-1", "0-x", "1-99999", "0--1", "1-" + "9" * 30):
        assert names(page(domain, id_, cursor)) == ["Key 0", "Key 1", "Key 2"], cursor


def test_six_hundred_keys_take_as_many_queries_as_six(domain: Domain) -> None:
    many_keys(domain, 600)
    id_ = begin(domain)
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    event.listen(domain.engine, "before_cursor_execute", count)
    found = page(domain, id_, "1-300", most=20)
    event.remove(domain.engine, "before_cursor_execute", count)
    assert (len(found.items), found.left) == (20, 600)
    assert counted <= 6
    ids = tuple(item.key.id for item in found.items)
    caller = Caller(ALICE, frozenset({Role.ADMIN}))
    execute(domain.services, caller, KeepKeysInReview(review=id_, keys=ids), wait=0)
    assert page(domain, id_).left == 580
