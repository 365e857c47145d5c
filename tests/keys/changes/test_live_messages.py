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


def ask(domain: Domain, subject: str = "rot_1", **more: Any) -> bool:
    now = domain.clock.now()
    done: bool = domain.write(
        lambda s: live_messages.add(s, "rotation", subject, TEAM, now, **more)
    )
    return done


def claim(domain: Domain) -> LiveMessage | None:
    now = domain.clock.now()
    found: LiveMessage | None = domain.write(lambda s: live_messages.claim(s, now, LEASE))
    return found


def claimed(domain: Domain) -> LiveMessage:
    found = claim(domain)
    assert found is not None
    return found


def test_there_is_one_message_however_often_it_is_asked_for(domain: Domain) -> None:
    assert ask(domain)
    assert not ask(domain)
    assert claimed(domain).subject == "rot_1"
    assert claim(domain) is None


def test_a_claim_that_was_given_up_is_free_again_after_its_lease(domain: Domain) -> None:
    ask(domain)
    first = claimed(domain)
    domain.clock.move(LEASE)
    assert claimed(domain).id == first.id


def test_it_waits_until_it_is_due_and_comes_back_when_it_is_due_again(domain: Domain) -> None:
    ask(domain, due_at=domain.clock.now() + SECOND, data={"key": "key_1"})
    assert claim(domain) is None
    domain.clock.move(SECOND)
    now = domain.clock.now()
    found = claimed(domain)
    assert found.data == {"key": "key_1"}
    domain.write(lambda s: live_messages.posted(s, found, "C1", "1.1"))
    domain.write(lambda s: live_messages.rendered(s, found, "f1", now, now + SECOND))
    assert claim(domain) is None
    domain.clock.move(SECOND)
    again = claimed(domain)
    assert (again.channel_id, again.message, again.rendered_hash) == ("C1", "1.1", "f1")
    domain.write(lambda s: live_messages.rendered(s, again, "f2", now, None))
    domain.clock.move(timedelta(days=1))
    assert claim(domain) is None


def test_a_change_while_it_is_drawn_has_it_drawn_again(domain: Domain) -> None:
    for again in (timedelta(days=1), None):
        subject = f"rot_{again}"
        ask(domain, subject)
        found = claimed(domain)
        domain.clock.move(SECOND)
        now = domain.clock.now()
        domain.write(lambda s, at=now, about=subject: live_messages.mark_stale(s, about, at))
        until = now + again if again else None
        domain.write(
            lambda s, row=found, at=now, end=until: live_messages.rendered(s, row, "f", at, end)
        )
        assert claimed(domain).id == found.id
        domain.write(
            lambda s, row=found, at=now: live_messages.retry(s, row, at + timedelta(days=9))
        )


def test_a_message_that_was_deleted_is_posted_anew(domain: Domain) -> None:
    ask(domain)
    found = claimed(domain)
    domain.write(lambda s: live_messages.posted(s, found, "C1", "1.1"))
    domain.write(lambda s: live_messages.lost(s, found))
    again = claimed(domain)
    assert (again.channel_id, again.message, again.rendered_hash) == (None, None, "")


def test_another_account_has_its_own(domain: Domain) -> None:
    ask(domain)
    now = domain.clock.now()
    with writing(domain.engine, "acc_other") as session:
        assert live_messages.claim(session, now, LEASE) is None
