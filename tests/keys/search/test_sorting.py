"""Pages in each order: every key once, also when something changes while a person pages."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlmodel import select

from keys.search import search
from keys.search.filters import KeyFilter, conditions
from keys.search.search import Page
from keys.search.sorting import Sort
from keys.usage.activity import Activity, activity, has_activity
from keys.usage.usage import Use, record_uses
from storage import reading, writing
from storage.tables import Key, Secret
from tests.keys.conftest import ALICE, NOON, Domain

DAY = timedelta(days=1)


def use(domain: Domain, key_id: str, days_ago: int = 0) -> None:
    with writing(domain.engine) as session:
        secret = session.exec(select(Secret.id).where(Secret.key_id == key_id)).one()
        record_uses(session, {secret: Use(domain.clock.now() - days_ago * DAY, "10.1.0.0/16")})


@pytest.fixture
def names(domain: Domain) -> dict[Sort, list[str]]:
    """Keys that were made, used and end in orders of their own, and the names in each order."""
    for name, ends, used in (
        ("Delta", 30, 3), ("Bravo", None, None), ("Echo", 3, 1), ("Alpha", None, 9),
        ("Charlie", 30, None), ("Foxtrot", 400, 3),
    ):  # fmt: skip
        domain.clock.move(timedelta(minutes=1) if name != "Echo" else timedelta())
        end = None if ends is None else NOON + ends * DAY
        key, _ = domain.issue(name, expires_at=end)
        if used is not None:
            use_at = (NOON - used * DAY) - domain.clock.now()
            with writing(domain.engine) as session:
                secret = session.exec(select(Secret.id).where(Secret.key_id == key.id)).one()
                at = domain.clock.now() + use_at
                record_uses(session, {secret: Use(at, "10.1.0.0/16")})
    return {
        Sort.NAME: ["Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot"],
        Sort.END: ["Echo", "Charlie", "Delta", "Foxtrot", "Alpha", "Bravo"],
        Sort.LAST_USE: ["Bravo", "Charlie", "Alpha", "Delta", "Foxtrot", "Echo"],
        Sort.CREATED: ["Foxtrot", "Charlie", "Alpha", "Bravo", "Echo", "Delta"],
    }


def read(domain: Domain, sort: Sort, **cursor: str | None) -> Page:
    with reading(domain.engine, domain.account) as session:
        return search.page(session, sort=sort, size=2, **cursor)  # type: ignore[arg-type]


def shown(page: Page) -> list[str]:
    return [key.name for key in page.keys]


@pytest.mark.parametrize("sort", Sort)
def test_pages_go_forth_and_back_in_each_order(
    domain: Domain, names: dict[Sort, list[str]], sort: Sort
) -> None:
    pages = [read(domain, sort)]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(read(domain, sort, after=cursor))
    assert [name for page in pages for name in shown(page)] == names[sort]
    assert [page.before for page in pages] == [0, 2, 4]
    assert pages[0].previous_cursor is None
    for earlier, later in pairwise(pages):
        assert shown(read(domain, sort, before=later.previous_cursor)) == shown(earlier)


def test_a_use_while_a_person_pages_moves_the_key_and_not_the_page(
    domain: Domain, names: dict[Sort, list[str]]
) -> None:
    first = read(domain, Sort.LAST_USE)
    use(domain, first.keys[-1].id)
    assert shown(read(domain, Sort.LAST_USE, after=first.next_cursor)) == ["Alpha", "Delta"]


def test_a_cursor_of_another_order_or_only_an_id_still_names_the_key(
    domain: Domain, names: dict[Sort, list[str]]
) -> None:
    first = read(domain, Sort.END)
    for cursor in (first.next_cursor, first.keys[-1].id, f"{first.keys[-1].id}.name.x"):
        assert shown(read(domain, Sort.CREATED, after=cursor)) == ["Alpha", "Bravo"]


@pytest.mark.parametrize("number", ["9" * 40, "²", "-1", "", "1.2"])
def test_a_forged_cursor_breaks_nothing(
    domain: Domain, names: dict[Sort, list[str]], number: str
) -> None:
    key = read(domain, Sort.END).keys[0].id
    assert read(domain, Sort.END, after=f"{key}.end.{number}").total == len(names[Sort.END])
    assert shown(read(domain, Sort.END, after="key_unknown.end.1")) == ["Echo", "Charlie"]


def test_counts_are_those_of_the_filters(domain: Domain, names: dict[Sort, list[str]]) -> None:
    domain.issue("Nobody's", owner=None)
    now = domain.clock.now() + 95 * DAY
    with reading(domain.engine, domain.account) as session:
        counts = search.count_by_filter(session, ALICE.id, now)
        for each in KeyFilter:
            page = search.page(session, key_filter=(each, ALICE.id, now))
            assert counts[each] == page.total
            assert len(conditions(each, ALICE.id, now)) == (
                0 if each is KeyFilter.ALL else 2 if each is KeyFilter.THIS_WEEK else 1
            )
    assert counts[KeyFilter.ALL] == 7
    assert counts[KeyFilter.NEVER_USED] == 3
    assert counts[KeyFilter.IDLE] == 4


def test_owners_found_by_a_word_match_it_as_owner_or_backup_owner(domain: Domain) -> None:
    domain.issue("Nightly", owner="U0ADA")
    domain.issue("Daily", owner=ALICE.id, backup_owner="U0ADA")
    domain.issue("Weekly ada", owner=ALICE.id)
    owners = {"ada": ("U0ADA",)}
    with reading(domain.engine, domain.account) as session:
        assert shown(search.page(session, "ada", owners=owners)) == [
            "Daily", "Nightly", "Weekly ada",
        ]  # fmt: skip
        assert shown(search.page(session, "ada night", owners=owners)) == ["Nightly"]
        assert shown(search.page(session, "ada")) == ["Weekly ada"]


@pytest.mark.parametrize("age", [0, 13.999, 14, 89, 90.001])
@pytest.mark.parametrize("used", [None, 0, 89.999, 90, 200])
@pytest.mark.parametrize("is_imported", [True, False])
def test_the_database_judges_a_key_as_the_code_does(
    domain: Domain, age: float, used: float | None, is_imported: bool
) -> None:
    key, _ = domain.issue()
    now = domain.clock.now() + age * DAY
    with writing(domain.engine) as session:
        row = session.get_one(Key, key.id)
        if is_imported:
            row.created_at = NOON - 900 * DAY
        session.add(row)
    if used is not None:
        with writing(domain.engine) as session:
            secret = session.exec(select(Secret.id).where(Secret.key_id == key.id)).one()
            record_uses(session, {secret: Use(now - used * DAY, "10.1.0.0/16")})
    with reading(domain.engine, domain.account) as session:
        found = search.get(session, key.id)
        told = [
            each
            for each in Activity
            if session.exec(select(Key.id).where(has_activity(each, now))).first()
        ]
    assert told == [activity(found, now)]
    if used is None:
        assert told == [Activity.NEVER_USED if age >= 14 else Activity.NEW]
