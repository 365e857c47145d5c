"""What is deleted after a time, and what never is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlmodel import SQLModel, col, func, select

from bot.background.housekeeping import Retention
from bot.slack_api.client import SlackClient
from keys.integrity.verify import verify
from keys.jobs import retention
from keys.usage.usage import SHOWN_DAYS, Use, by_day, record_uses
from settings.team import TeamSettings
from storage import reading, writing
from storage.tables import DailyUse, OutboxRow, Secret
from tests.bot.harness.fake_slack import FakeCalls
from tests.bot.harness.working import worker
from tests.keys.conftest import NOON, Domain, open_application_at

KEPT = 40


@pytest.fixture
def domain(database_url: str) -> Iterator[Domain]:
    opened = open_application_at(database_url)
    yield opened
    opened.close()


def used(domain: Domain, days: int) -> None:
    """Each secret is used once on each of the last days."""
    uses = {NOON.date() - timedelta(days=number): 1 for number in range(days)}
    with writing(domain.engine) as session:
        secrets = session.exec(select(Secret.id)).all()
        record_uses(session, {secret: Use(NOON, "", uses) for secret in secrets})


def purged(domain: Domain, at_most: int) -> int:
    """Purges to the end; returns in how many steps."""
    steps, progress = 0, retention.Progress()
    while progress is not None:
        with writing(domain.engine) as session:
            progress = retention.purge(session, domain.clock.now(), KEPT, progress, at_most)  # type: ignore[assignment]
        steps += 1
    return steps


def oldest(domain: Domain) -> date | None:
    with reading(domain.engine) as session:
        return session.exec(select(func.min(col(DailyUse.day)))).one()


def test_old_counts_of_uses_are_deleted_in_small_steps_and_the_others_stay(domain: Domain) -> None:
    keys = [domain.issue(f"Key {number}")[0].id for number in range(7)]
    used(domain, 100)
    shown = lambda: by_day_of(domain, keys)
    before = shown()
    assert purged(domain, at_most=3) >= 4
    assert oldest(domain) == NOON.date() - timedelta(days=KEPT)
    assert shown() == before == dict.fromkeys(keys, [1] * SHOWN_DAYS)


def by_day_of(domain: Domain, keys: list[str]) -> dict[str, list[int]]:
    with reading(domain.engine) as session:
        return by_day(session, keys, NOON.date())


def test_messages_are_deleted_only_once_they_were_sent_long_ago(domain: Domain) -> None:
    for number in range(5):
        domain.issue(f"Key {number}")
    with writing(domain.engine) as session:
        notices = list(session.exec(select(OutboxRow).order_by(col(OutboxRow.id))))
        assert len(notices) >= 5
        for notice, age in zip(notices, (KEPT + 1, KEPT + 50, KEPT - 1, 0), strict=False):
            notice.closed_at = NOON - timedelta(days=age)
            session.add(notice)
    purged(domain, at_most=1)
    with reading(domain.engine) as session:
        left = set(session.exec(select(OutboxRow.id)))
    assert left == {notice.id for notice in notices[2:]}


def test_what_was_deleted_does_not_look_like_tampering(domain: Domain) -> None:
    domain.issue()
    used(domain, 100)
    purged(domain, at_most=500)
    steps = verify(domain.engine, domain.services.peppers)
    assert [finding for step in steps for finding in step.findings] == []


def test_the_bot_deletes_once_a_day(domain: Domain) -> None:
    domain.issue()
    kept = domain.services.policy.kept_days
    used(domain, kept + 30)
    calls = FakeCalls(
        chat__postMessage=[{"ok": True, "channel": "C1", "ts": "1.000001"}],
        conversations__open=[{"ok": True, "channel": {"id": "D1"}}],
        conversations__history=[{"messages": []}],
    )
    bot = worker(domain.services, SlackClient(calls), jobs=[Retention()])
    for _ in range(4):
        bot.run_once()
    assert oldest(domain) == NOON.date() - timedelta(days=kept)
    domain.clock.move(timedelta(hours=23))
    bot.run_once()
    assert oldest(domain) == NOON.date() - timedelta(days=kept)
    domain.clock.move(timedelta(hours=2))
    for _ in range(4):
        bot.run_once()
    assert oldest(domain) == NOON.date() - timedelta(days=kept - 1)


def test_each_table_says_how_long_its_rows_are_kept() -> None:
    listed = re.findall(
        r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?) \|", retention.__doc__ or "", re.M))
    )
    assert sorted(listed) == sorted(SQLModel.metadata.tables)


def test_what_people_are_shown_cannot_be_set_to_be_deleted() -> None:
    (least,) = [
        one for one in TeamSettings.model_fields["kept_days"].metadata if hasattr(one, "ge")
    ]
    assert least.ge == retention.LEAST_DAYS
