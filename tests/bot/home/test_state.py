"""Shelves, uses by the day, and which Home is out of date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.home import state
from bot.home.state import FOLLOWED, REST, HomeState, HomeView
from keys.search import search
from keys.search.filters import KeyFilter
from keys.usage import usage
from keys.usage.usage import Use, record_uses
from storage import reading, writing
from storage.tables import Secret
from tests.keys.conftest import ALICE, BOB, Domain

DAY = timedelta(days=1)


def on(house: Domain, shelf: KeyFilter, viewer: str = ALICE.id) -> list[str]:
    with reading(house.engine, house.account) as session:
        page = search.page(session, key_filter=(shelf, viewer, house.clock.now()))
    assert page.total == len(page.keys)
    return [key.name for key in page.keys]


def use(house: Domain, key_id: str, days: dict[int, int]) -> None:
    """Notes uses, so many on the day that lies so far back."""
    now = house.clock.now()
    with writing(house.engine) as session:
        secret = session.exec(select(Secret).where(Secret.key_id == key_id)).one()
        last = now - min(days) * DAY
        counts = {(now - back * DAY).date(): count for back, count in days.items()}
        record_uses(session, {secret.id: Use(last, "10.1.0.0/16", counts)})


def test_each_shelf_holds_what_its_name_says(house: Domain) -> None:
    idle, _ = house.issue("Idle")
    house.clock.move(90 * DAY)
    assert on(house, KeyFilter.IDLE) == []
    house.clock.move(timedelta(seconds=1))
    used, _ = house.issue("Used", owner=None)
    use(house, used.id, {0: 1})
    house.issue("Dated", expires_at=house.clock.now() + 30 * DAY, owner=BOB.id)
    house.issue(
        "Later", expires_at=house.clock.now() + 31 * DAY, owner=BOB.id, backup_owner=ALICE.id
    )
    assert on(house, KeyFilter.ALL) == ["Dated", "Idle", "Later", "Used"]
    assert on(house, KeyFilter.IDLE) == ["Idle"]
    assert on(house, KeyFilter.EXPIRING) == ["Dated"]
    assert on(house, KeyFilter.UNDATED) == ["Idle", "Used"]
    assert on(house, KeyFilter.UNOWNED) == ["Used"]
    assert on(house, KeyFilter.MINE) == ["Idle", "Later"]
    assert on(house, KeyFilter.MINE, BOB.id) == ["Dated", "Later"]
    use(house, idle.id, {0: 3})
    assert on(house, KeyFilter.IDLE) == []


def test_uses_come_by_the_day_for_a_whole_page(house: Domain) -> None:
    one, _ = house.issue("One")
    other, _ = house.issue("Other")
    unused, _ = house.issue("Unused")
    use(house, one.id, {0: 5, 1: 2, 29: 1, 30: 9})
    use(house, other.id, {3: 7})
    with reading(house.engine) as session:
        found = usage.by_day(session, [one.id, other.id, unused.id], house.clock.now().date())
    assert found.keys() == {one.id, other.id}
    assert (found[one.id][-1], found[one.id][-2], found[one.id][0]) == (5, 2, 1)
    assert sum(found[one.id]) == 8
    assert found[other.id][-4] == 7


def look(house: Domain, user: str = ALICE.id) -> HomeView:
    now = house.clock.now()
    opened: HomeView = house.write(lambda s: state.open_(s, user, now))
    with reading(house.engine, house.account) as session:
        seen = state.newest(session)
    house.write(lambda s: state.published(s, user, "h1", "d1", seen))
    return opened


def stale(house: Domain) -> HomeView | None:
    now = house.clock.now()
    with reading(house.engine, house.account) as session:
        newest = state.is_stale(session, now)
    if not newest:
        return None
    found: HomeView | None = house.write(lambda s: state.claim_stale(s, now, newest))
    return found


def test_any_entry_in_the_record_makes_a_home_out_of_date_once(house: Domain) -> None:
    look(house)
    assert stale(house) is None
    house.issue()
    found = stale(house)
    assert found is not None
    assert (found.user_id, found.view_hash, found.rendered_hash) == (ALICE.id, "h1", "d1")
    assert stale(house) is None  # it is being drawn
    house.clock.move(REST)
    assert stale(house) is not None  # whoever drew it has died
    look(house)
    house.clock.move(REST)
    assert stale(house) is None


def test_a_home_that_nobody_has_opened_for_a_day_rests(house: Domain) -> None:
    look(house)
    house.issue()
    house.clock.move(FOLLOWED)
    assert stale(house) is None


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"query": "zap"}, HomeState("zap", KeyFilter.IDLE)),
        ({"shelf": KeyFilter.MINE}, HomeState("", KeyFilter.MINE)),
        ({"after": "key_1"}, HomeState("", KeyFilter.IDLE, after="key_1")),
    ],
)
def test_what_is_chosen_is_remembered_and_pages_begin_anew(
    house: Domain, changes: dict[str, Any], shown: HomeState
) -> None:
    now = house.clock.now()
    house.write(lambda s: state.choose(s, ALICE.id, now, shelf=KeyFilter.IDLE, before="key_9"))
    house.write(lambda s: state.choose(s, ALICE.id, now, **changes))
    assert look(house).state == shown
