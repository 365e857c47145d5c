"""Reminders of keys that expire: each once, to everybody it concerns, also after a long silence."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import select

from keys.changes.outbox import TEAM
from keys.jobs import periodic
from keys.lifecycle import expiry_reminders, update
from keys.lifecycle.expiry_reminders import Reminder
from storage import reading
from storage.tables import Key, LiveMessageRow
from tests.keys.conftest import ALICE, BOB, Domain

DAY = timedelta(days=1)


def sweep(domain: Domain) -> int:
    now = domain.clock.now()
    found: int = domain.write(lambda s: expiry_reminders.run_due(s, now))
    return found


def asked(domain: Domain) -> Counter[int]:
    """How often each reminder was asked for, by its days."""
    with reading(domain.engine) as session:
        rows = session.exec(
            select(LiveMessageRow).where(LiveMessageRow.kind == expiry_reminders.MESSAGE_KIND)
        ).all()
    return Counter(Reminder.read(row.subject).days for row in rows)


def audiences(domain: Domain) -> set[str]:
    with reading(domain.engine) as session:
        rows = session.exec(
            select(LiveMessageRow).where(LiveMessageRow.kind == expiry_reminders.MESSAGE_KIND)
        ).all()
    return {row.recipient for row in rows}


def test_each_reminder_comes_once_at_its_time(domain: Domain) -> None:
    domain.issue(expires_at=domain.clock.now() + 60 * DAY)
    seen = []
    for _ in range(62 * 4):
        sweep(domain)
        seen.append(tuple(sorted(asked(domain))))
        domain.clock.move(DAY / 4)
    assert asked(domain) == Counter({30: 2, 7: 2, 1: 2, 0: 2})
    assert seen.index((30,)) == 30 * 4
    assert seen.index((7, 30)) == 53 * 4
    assert seen.index((1, 7, 30)) == 59 * 4
    assert seen.index((0, 1, 7, 30)) == 60 * 4


def test_team_owner_and_backup_owner_hear_of_it(domain: Domain) -> None:
    domain.issue(expires_at=domain.clock.now() + 40 * DAY, backup_owner=BOB.id)
    domain.clock.move(11 * DAY)
    assert sweep(domain) == 3
    assert audiences(domain) == {TEAM, str(ALICE), str(BOB)}
    assert sweep(domain) == 0


def test_a_bot_that_was_away_makes_up_for_the_latest_alone(domain: Domain) -> None:
    domain.issue(expires_at=domain.clock.now() + 60 * DAY)
    domain.clock.move(54 * DAY)
    sweep(domain)
    assert sorted(asked(domain)) == [7]
    domain.clock.move(10 * DAY)
    sweep(domain)
    assert sorted(asked(domain)) == [0, 7]


def test_nobody_is_reminded_of_the_date_just_set(domain: Domain) -> None:
    key, _ = domain.issue(expires_at=domain.clock.now() + 5 * DAY)
    assert sweep(domain) == 0
    domain.clock.move(4 * DAY)
    sweep(domain)
    assert sorted(asked(domain)) == [1]
    day = (domain.clock.now() + 6 * DAY).date()
    with domain.change(ALICE) as change:
        update.set_expiry(change, key.id, day)
    sweep(domain)
    assert sorted(asked(domain)) == [1]


def test_who_lets_it_expire_is_not_reminded_but_told_of_the_end(domain: Domain) -> None:
    key, _ = domain.issue(expires_at=domain.clock.now() + 40 * DAY)
    with domain.change(ALICE) as change:
        update.let_expire(change, key.id)
    domain.clock.move(35 * DAY)
    assert sweep(domain) == 0
    domain.clock.move(5 * DAY)
    sweep(domain)
    assert sorted(asked(domain)) == [0]


def test_revoked_and_undated_keys_are_passed_over(domain: Domain) -> None:
    key, _ = domain.issue("Dated", expires_at=domain.clock.now() + 40 * DAY)
    domain.issue("Undated")
    domain.revoke(key.id)
    domain.clock.move(39 * DAY)
    assert sweep(domain) == 0


def test_an_extension_undoes_the_consent_to_expire(domain: Domain) -> None:
    key, _ = domain.issue(expires_at=domain.clock.now() + 10 * DAY)
    with domain.change(ALICE) as change:
        update.let_expire(change, key.id)
    day = (domain.clock.now() + 100 * DAY).date()
    with domain.change(BOB) as change:
        update.set_expiry(change, key.id, day)
    with reading(domain.engine) as session:
        assert session.get_one(Key, key.id).expiry_accepted_by is None


@pytest.mark.parametrize(("days", "expected"), [(31, 30), (30, 7), (8, 7), (7, 1), (2, 1), (1, 0)])
def test_the_next_stage_comes_after_now(domain: Domain, days: int, expected: int) -> None:
    now = domain.clock.now()
    end = now + days * DAY
    assert expiry_reminders.next_stage(end, now) == end - expected * DAY


def test_a_chore_is_done_by_one(domain: Domain) -> None:
    now = domain.clock.now()

    def claim(at: timedelta = timedelta()) -> bool:
        done: bool = domain.write(lambda s: periodic.claim(s, "expiry", DAY, now + at))
        return done

    assert [claim(), claim(), claim(DAY - timedelta(seconds=1)), claim(DAY)] == [
        True, False, False, True,
    ]  # fmt: skip
