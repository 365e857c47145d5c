"""Live messages are asked for once, claimed by one, and a change in between is never missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from keys.changes import live_messages
from keys.changes.live_messages import LiveMessage
from keys.changes.outbox import TEAM
from storage import writing
from tests.keys.conftest import Domain

LEASE = timedelta(seconds=45)
SECOND = timedelta(seconds=1)


def ask(house: Domain, subject: str = "rot_1", **more: Any) -> bool:
    now = house.clock.now()
    done: bool = house.write(lambda s: live_messages.add(s, "rotation", subject, TEAM, now, **more))
    return done


def claim(house: Domain) -> LiveMessage | None:
    now = house.clock.now()
    found: LiveMessage | None = house.write(lambda s: live_messages.claim(s, now, LEASE))
    return found


def claimed(house: Domain) -> LiveMessage:
    found = claim(house)
    assert found is not None
    return found


def test_there_is_one_message_however_often_it_is_asked_for(house: Domain) -> None:
    assert ask(house)
    assert not ask(house)
    assert claimed(house).subject == "rot_1"
    assert claim(house) is None


def test_a_claim_that_was_given_up_is_free_again_after_its_lease(house: Domain) -> None:
    ask(house)
    first = claimed(house)
    house.clock.move(LEASE)
    assert claimed(house).id == first.id


def test_it_waits_until_it_is_due_and_comes_back_when_it_is_due_again(house: Domain) -> None:
    ask(house, due_at=house.clock.now() + SECOND, data={"key": "key_1"})
    assert claim(house) is None
    house.clock.move(SECOND)
    now = house.clock.now()
    found = claimed(house)
    assert found.data == {"key": "key_1"}
    house.write(lambda s: live_messages.posted(s, found, "C1", "1.1"))
    house.write(lambda s: live_messages.rendered(s, found, "f1", now, now + SECOND))
    assert claim(house) is None
    house.clock.move(SECOND)
    again = claimed(house)
    assert (again.channel_id, again.message, again.rendered_hash) == ("C1", "1.1", "f1")
    house.write(lambda s: live_messages.rendered(s, again, "f2", now, None))
    house.clock.move(timedelta(days=1))
    assert claim(house) is None


def test_a_change_while_it_is_drawn_has_it_drawn_again(house: Domain) -> None:
    for again in (timedelta(days=1), None):
        subject = f"rot_{again}"
        ask(house, subject)
        found = claimed(house)
        house.clock.move(SECOND)
        now = house.clock.now()
        house.write(lambda s, at=now, about=subject: live_messages.mark_stale(s, about, at))
        until = now + again if again else None
        house.write(
            lambda s, row=found, at=now, end=until: live_messages.rendered(s, row, "f", at, end)
        )
        assert claimed(house).id == found.id
        house.write(
            lambda s, row=found, at=now: live_messages.retry(s, row, at + timedelta(days=9))
        )


def test_a_message_that_was_deleted_is_posted_anew(house: Domain) -> None:
    ask(house)
    found = claimed(house)
    house.write(lambda s: live_messages.posted(s, found, "C1", "1.1"))
    house.write(lambda s: live_messages.lost(s, found))
    again = claimed(house)
    assert (again.channel_id, again.message, again.rendered_hash) == (None, None, "")


def test_another_account_has_its_own(house: Domain) -> None:
    ask(house)
    now = house.clock.now()
    with writing(house.engine, "acc_other") as session:
        assert live_messages.claim(session, now, LEASE) is None
