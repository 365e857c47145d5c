"""The bot verifies the database once a day, keeps the anchor, and tells the team."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from bot.background.worker import Worker
from bot.framework.feature import Job
from bot.integrity import jobs
from bot.slack_api.client import SlackClient
from keys.integrity.anchor import AnchorFile
from keys.integrity.findings import Step
from tests.bot.harness.fake_slack import FakeCalls, FakeTime
from tests.bot.harness.working import worker
from tests.keys.conftest import Domain, open_test_application
from tests.keys.integrity.attacks import by_hand, past_triggers, plant_two_triggers, put_back, rows

OK: dict[str, Any] = {"ok": True, "channel": "C1", "ts": "1.000001"}


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    anchors = AnchorFile(tmp_path / "home" / "anchor.json")
    opened.services = replace(opened.services, anchors=anchors)
    yield opened
    opened.close()


@pytest.fixture
def calls() -> FakeCalls:
    dm = {"ok": True, "channel": {"id": "D1"}}
    return FakeCalls(
        chat__postMessage=[OK], chat__update=[OK], conversations__open=[dm],
        conversations__history=[{"messages": []}],
    )  # fmt: skip


@pytest.fixture
def verification() -> jobs.Verification:
    return jobs.Verification()


@pytest.fixture
def bot(domain: Domain, calls: FakeCalls, verification: jobs.Verification) -> Worker:
    return working(domain, calls, [jobs.Anchoring(), verification, jobs.Resealing()])


def working(domain: Domain, calls: FakeCalls, some: list[Job]) -> Worker:
    time = FakeTime()
    slack = SlackClient(calls, sleep=time.sleep, monotonic=time.monotonic)
    return worker(domain.services, slack, jobs=some, admins=lambda: ["U0ALICE"])


def said(calls: FakeCalls) -> list[str]:
    texts = [args for method, args in calls.asked if method == "chat.postMessage"]
    return [str(args["text"]) for args in texts if "other than this program" in str(args["text"])]


def rounds(bot: Worker, count: int = 4) -> None:
    for _ in range(count):
        bot.run_once()


def test_what_was_changed_is_told_once_to_the_team_and_its_admins(
    domain: Domain, bot: Worker, calls: FakeCalls, verification: jobs.Verification
) -> None:
    key, _ = domain.issue()
    rounds(bot)
    assert (said(calls), verification.tampered) == ([], {domain.account: 0})
    by_hand(domain.engine, "UPDATE keys SET scopes = 'read write'")
    rounds(bot)
    assert said(calls) == []
    domain.clock.move(jobs.EVERY)
    rounds(bot)
    (text,) = said(calls)
    # A phone reads this aloud.
    assert text.split("\n")[0] == (
        f"The database of API keys was changed by something other than this program: “{key.name}”."
    )
    (posted,) = [str(args) for _, args in calls.asked if "other than this program" in str(args)]
    assert "U0ALICE" in posted
    # One line for the key, although its row and its secret's were found.
    assert text.count(key.id) == 1
    assert "apikeys db verify" in posted
    assert verification.tampered == {domain.account: 2}
    domain.clock.move(jobs.EVERY)
    rounds(bot)
    assert len(said(calls)) == 1


def test_a_key_that_was_moved_to_another_account_is_told_to_its_team(
    domain: Domain, bot: Worker, calls: FakeCalls
) -> None:
    key, _ = domain.issue()
    rounds(bot)
    by_hand(
        domain.engine,
        "INSERT INTO accounts (id, name, created_at) VALUES ('acc_other', '', '2026-01-01 00:00')",
    )
    by_hand(domain.engine, "UPDATE keys SET account_id = 'acc_other'")
    domain.clock.move(jobs.EVERY)
    rounds(bot)
    (posted,) = [str(args) for _, args in calls.asked if "other than this program" in str(args)]
    assert key.id in posted


def test_a_revocation_hidden_by_triggers_is_told_to_the_team_with_what_to_do(
    domain: Domain, bot: Worker, calls: FakeCalls, verification: jobs.Verification
) -> None:
    key, _ = domain.issue()
    plant_two_triggers(domain.engine)
    by_hand(
        domain.engine, 'CREATE TRIGGER "x\n*y* <!channel>" AFTER UPDATE ON keys BEGIN SELECT 1; END'
    )
    domain.revoke(key.id)
    rounds(bot)
    (text,) = said(calls)
    assert text.split("\n")[0] == (
        "The database of API keys was changed by something other than this program."
    )
    (posted,) = [args for _, args in calls.asked if "other than this program" in str(args)]
    _, *lines, advice, people = (plain_text(block) for block in posted["blocks"])
    assert "U0ALICE" in people
    names = ("a_forger on changes", "x\\n*y* <!channel> on keys", "z_thief on changes")
    what = "was added by something other than this program: drop it."
    assert lines == [f"• The trigger {name} {what}" for name in names]
    assert "restart every gateway" in advice
    assert "apikeys db verify" in advice
    assert "refused now" not in advice, "no key is concerned"
    assert verification.tampered == {domain.account: 3}
    domain.clock.move(jobs.EVERY)
    rounds(bot)
    assert len(said(calls)) == 1


def plain_text(value: Any) -> str:
    """All that a block says, its texts one after the other."""
    if isinstance(value, dict):
        kept = (part for name, part in value.items() if name not in ("type", "style", "block_id"))
        return "".join(map(plain_text, kept))
    return "".join(map(plain_text, value)) if isinstance(value, list) else str(value)


def test_an_audit_log_that_was_put_back_is_told_within_a_round(
    domain: Domain, bot: Worker, calls: FakeCalls
) -> None:
    key, _ = domain.issue()
    before = rows(domain.engine, "keys"), rows(domain.engine, "secrets")
    newest = max(row["seq"] for row in rows(domain.engine, "events"))
    domain.revoke(key.id)
    rounds(bot)
    past_triggers(domain.engine, "DELETE FROM notices", f"DELETE FROM events WHERE seq > {newest}")  # noqa: S608
    put_back(domain.engine, "keys", before[0])
    put_back(domain.engine, "secrets", before[1])
    rounds(bot)
    assert len(said(calls)) == 1
    # It is found every day until an operator accepts it, but announced only once.
    domain.clock.move(jobs.EVERY + timedelta(minutes=1))
    rounds(bot)
    assert len(said(calls)) == 1


def test_a_damaged_anchor_does_not_keep_the_rest_from_being_verified(
    domain: Domain, bot: Worker, calls: FakeCalls, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    domain.issue()
    rounds(bot)
    (tmp_path / "home" / "anchor.json").write_text('{"accounts, 1": [', encoding="ascii")
    by_hand(domain.engine, "UPDATE keys SET owner = 'U0MALLORY'")
    domain.clock.move(jobs.EVERY + timedelta(hours=1))
    rounds(bot)
    assert len(said(calls)) == 1
    assert "anchor.json is damaged. Put it back from a backup" in caplog.text


def test_a_damaged_anchor_is_reported_to_the_team_with_what_to_do(
    domain: Domain, bot: Worker, calls: FakeCalls, verification: jobs.Verification, tmp_path: Path
) -> None:
    domain.issue()
    rounds(bot)
    path = tmp_path / "home" / "anchor.json"
    path.write_text("{", encoding="ascii")
    for _ in range(2):
        domain.clock.move(jobs.EVERY + timedelta(hours=1))
        rounds(bot)
    (posted,) = [args for method, args in calls.asked if "could not be verified" in str(args)]
    assert "anchor.json" in str(posted)
    assert str(path.parent) not in str(posted)
    assert "apikeys db accept-restore" in str(posted)
    # Nobody has changed the database.
    assert said(calls) == []
    assert verification.tampered == {domain.account: 0}


def test_a_verification_that_fails_half_way_is_not_a_finished_one(
    domain: Domain, bot: Worker, calls: FakeCalls
) -> None:
    domain.issue()
    rounds(bot)
    by_hand(domain.engine, "UPDATE keys SET owner = 'U0MALLORY'")
    domain.clock.move(jobs.EVERY + timedelta(hours=1))

    def fails(*_: object) -> Iterator[Step]:
        yield Step(0)
        raise OSError("the disk is gone")

    with mock.patch.object(jobs, "verify", fails), pytest.raises(OSError, match="disk"):
        bot.run_once()
    rounds(bot)
    domain.clock.move(timedelta(hours=1, minutes=1))
    rounds(bot)
    assert len(said(calls)) == 1


def test_a_verification_that_a_bot_did_not_finish_is_taken_over(
    domain: Domain, bot: Worker, calls: FakeCalls
) -> None:
    domain.issue()
    rounds(bot)
    by_hand(domain.engine, "UPDATE keys SET owner = 'U0MALLORY'")
    domain.clock.move(jobs.EVERY + timedelta(hours=1))
    died = working(domain, calls, [jobs.Verification()])
    with mock.patch.object(jobs, "report", side_effect=SystemExit), pytest.raises(SystemExit):
        died.run_once()
    domain.clock.move(timedelta(minutes=59))
    rounds(bot)
    assert said(calls) == []
    domain.clock.move(timedelta(minutes=2))
    rounds(bot)
    assert len(said(calls)) == 1
