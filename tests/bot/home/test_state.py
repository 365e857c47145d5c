"""Shelves, uses by the day, and which Home is out of date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.home import state
from bot.home.state import REDRAW_INTERVAL, REFRESH_WINDOW, HomeState, HomeView
from keys.search import search
from keys.search.filters import KeyFilter
from keys.usage import usage
from keys.usage.usage import Use, record_uses
from storage import reading, writing
from storage.tables import Secret
from tests.keys.conftest import ALICE, BOB, Domain

DAY = timedelta(days=1)


def on(domain: Domain, shelf: KeyFilter, viewer: str = ALICE.id) -> list[str]:
    with reading(domain.engine, domain.account) as session:
        page = search.page(session, key_filter=(shelf, viewer, domain.clock.now()))
    assert page.total == len(page.keys)
    return [key.name for key in page.keys]


def use(domain: Domain, key_id: str, days: dict[int, int]) -> None:
    """Notes uses, so many on the day that lies so far back."""
    now = domain.clock.now()
    with writing(domain.engine) as session:
        secret = session.exec(select(Secret).where(Secret.key_id == key_id)).one()
        last = now - min(days) * DAY
        counts = {(now - back * DAY).date(): count for back, count in days.items()}
        record_uses(session, {secret.id: Use(last, "10.1.0.0/16", counts)})


def test_each_shelf_holds_what_its_name_says(domain: Domain) -> None:
    idle, _ = domain.issue("Idle")
    use(domain, idle.id, {0: 1})
    domain.clock.move(90 * DAY - timedelta(seconds=1))
    assert on(domain, KeyFilter.IDLE) == []
    domain.clock.move(timedelta(seconds=1))
    domain.issue("Unused", owner=BOB.id, expires_at=domain.clock.now() + 300 * DAY)
    domain.clock.move(14 * DAY - timedelta(seconds=1))
    assert on(domain, KeyFilter.NEVER_USED) == []
    domain.clock.move(timedelta(seconds=1))
    used, _ = domain.issue("Used", owner=None)
    use(domain, used.id, {0: 1})
    domain.issue("Dated", expires_at=domain.clock.now() + 30 * DAY, owner=BOB.id)
    domain.issue(
        "Later", expires_at=domain.clock.now() + 31 * DAY, owner=BOB.id, backup_owner=ALICE.id
    )
    domain.issue("Soon", expires_at=domain.clock.now() + 7 * DAY, owner=BOB.id)
    assert on(domain, KeyFilter.ALL) == ["Dated", "Idle", "Later", "Soon", "Unused", "Used"]
    assert on(domain, KeyFilter.IDLE) == ["Idle"]
    assert on(domain, KeyFilter.NEVER_USED) == ["Unused"]
    assert on(domain, KeyFilter.THIS_WEEK) == ["Soon"]
    assert on(domain, KeyFilter.EXPIRING) == ["Dated", "Soon"]
    assert on(domain, KeyFilter.EXPIRED) == []
    assert on(domain, KeyFilter.UNDATED) == ["Idle", "Used"]
    assert on(domain, KeyFilter.UNOWNED) == ["Used"]
    assert on(domain, KeyFilter.MINE) == ["Idle", "Later"]
    assert on(domain, KeyFilter.MINE, BOB.id) == ["Dated", "Later", "Soon", "Unused"]
    use(domain, idle.id, {0: 3})
    assert on(domain, KeyFilter.IDLE) == []
    domain.clock.move(7 * DAY - timedelta(seconds=1))
    assert on(domain, KeyFilter.EXPIRED) == []
    domain.clock.move(timedelta(seconds=1))
    assert on(domain, KeyFilter.EXPIRED) == ["Soon"]
    assert on(domain, KeyFilter.THIS_WEEK) == []


def test_uses_come_by_the_day_for_a_whole_page(domain: Domain) -> None:
    one, _ = domain.issue("One")
    other, _ = domain.issue("Other")
    unused, _ = domain.issue("Unused")
    use(domain, one.id, {0: 5, 1: 2, 29: 1, 30: 9})
    use(domain, other.id, {3: 7})
    with reading(domain.engine) as session:
        found = usage.by_day(session, [one.id, other.id, unused.id], domain.clock.now().date())
    assert found.keys() == {one.id, other.id}
    assert (found[one.id][-1], found[one.id][-2], found[one.id][0]) == (5, 2, 1)
    assert sum(found[one.id]) == 8
    assert found[other.id][-4] == 7


def look(domain: Domain, user: str = ALICE.id) -> HomeView:
    now = domain.clock.now()
    opened: HomeView = domain.write(lambda s: state.record_opened(s, user, now))
    with reading(domain.engine, domain.account) as session:
        seen = state.newest(session)
    domain.write(lambda s: state.published(s, user, "h1", "d1", seen))
    return opened


def stale(domain: Domain) -> HomeView | None:
    now = domain.clock.now()
    with reading(domain.engine, domain.account) as session:
        newest = state.newest_if_stale(session, now)
    if newest is None:
        return None
    found: HomeView | None = domain.write(lambda s: state.claim_stale(s, now, newest))
    return found


def test_any_entry_in_the_record_makes_a_home_out_of_date_once(domain: Domain) -> None:
    look(domain)
    assert stale(domain) is None
    domain.issue()
    found = stale(domain)
    assert found is not None
    assert (found.user_id, found.view_hash, found.rendered_hash) == (ALICE.id, "h1", "d1")
    assert stale(domain) is None  # it is being drawn
    domain.clock.move(REDRAW_INTERVAL)
    assert stale(domain) is not None  # whoever drew it has died
    look(domain)
    domain.clock.move(REDRAW_INTERVAL)
    assert stale(domain) is None


def test_a_home_that_nobody_has_opened_for_a_day_rests(domain: Domain) -> None:
    look(domain)
    domain.issue()
    domain.clock.move(REFRESH_WINDOW)
    assert stale(domain) is None


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"query": "zap"}, HomeState("zap", KeyFilter.IDLE)),
        ({"shelf": KeyFilter.MINE}, HomeState("", KeyFilter.MINE)),
        ({"after": "key_1"}, HomeState("", KeyFilter.IDLE, after="key_1")),
    ],
)
def test_what_is_chosen_is_remembered_and_pages_begin_anew(
    domain: Domain, changes: dict[str, Any], shown: HomeState
) -> None:
    now = domain.clock.now()
    domain.write(
        lambda s: state.update_state(s, ALICE.id, now, shelf=KeyFilter.IDLE, before="key_9")
    )
    domain.write(lambda s: state.update_state(s, ALICE.id, now, **changes))
    assert look(domain).state == shown
