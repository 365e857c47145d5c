"""While the team's channel is lost, messages wait, an admin is told, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.background.worker import Worker
from bot.slack_api.client import SlackClient
from keys.base.actors import Actor
from keys.changes import audit_log
from keys.changes.authorization import Caller, Role
from keys.operations import Ask, ChooseChannel, execute
from keys.team_channel import channel
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, refusal
from tests.bot.harness.working import worker
from tests.keys.conftest import ALICE, Domain, open_test_application

CAROL = "U0CAROL"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.engine.dispose()


class Channels(FakeCalls):
    """Slack with one channel, whose id stays the same; `fault` is what Slack says of it."""

    def __init__(self) -> None:
        super().__init__(
            conversations__open=[lambda args: {"channel": {"id": f"D{args['users']}"}}],
            conversations__history=[{"messages": []}],
            chat__deleteScheduledMessage=[{}],
            chat__postMessage=[self._answer],
            chat__scheduleMessage=[self._answer],
            chat__update=[self._answer],
        )
        self.names = {"#api-keys": "C1", "C1": "C1"}
        self.fault: str | None = None
        self.ts = 0

    def _answer(self, args: dict[str, Any]) -> dict[str, Any]:
        place = str(args["channel"])
        if not place.startswith("D"):
            if place not in self.names:
                raise refusal("channel_not_found")
            place = self.names[place]
            if self.fault and place == "C1":
                raise refusal(self.fault)
        self.ts += 1
        ts = args.get("ts") or f"{self.ts}.000000"
        return {"channel": place, "ts": ts, "scheduled_message_id": "Q1"}

    def posts(self, place: str) -> list[dict[str, Any]]:
        """What arrived in a channel, by its name or id."""
        return [
            args
            for method, args in self.asked
            if method == "chat.postMessage" and args["channel"] == place
        ]


@pytest.fixture
def slack() -> Channels:
    return Channels()


def start(domain: Domain, slack: Channels, admins: tuple[str, ...] = (ALICE.id, CAROL)) -> Worker:
    time = FakeTime()
    client = SlackClient(slack, sleep=time.sleep, monotonic=time.monotonic)
    return worker(domain.services, client, "#api-keys", admins=lambda: admins)


def at_work(domain: Domain, slack: Channels) -> Worker:
    """A bot that has posted in the channel before."""
    domain.issue("Before")
    bot = start(domain, slack)
    bot.run_once()
    return bot


def pass_time(domain: Domain, bot: Worker, minutes: int) -> None:
    for _ in range(minutes):
        domain.clock.move(MINUTE)
        bot.run_once()


def test_a_renamed_channel_is_the_same_channel(domain: Domain, slack: Channels) -> None:
    bot = at_work(domain, slack)
    slack.names = {"#keys-of-the-api": "C1", "C1": "C1"}
    domain.issue("After")
    bot.run_once()
    assert len(slack.posts("#api-keys")) == 1
    assert "After" in str(slack.posts("C1")[-1])


def test_another_channel_in_the_setting_is_looked_up(domain: Domain, slack: Channels) -> None:
    domain.issue("Before")
    start(domain, slack).run_once()
    slack.names["#others"] = "C2"
    domain.issue("After")
    client = SlackClient(slack, sleep=FakeTime().sleep)
    worker(domain.services, client, "#others").run_once()
    assert "After" in str(slack.posts("#others"))


@pytest.mark.parametrize("fault", ["is_archived", "not_in_channel", "channel_not_found"])
def test_a_lost_channel_is_told_to_one_admin_a_day(
    domain: Domain, slack: Channels, fault: str
) -> None:
    bot = at_work(domain, slack)
    slack.fault = fault
    domain.issue("Meanwhile")
    pass_time(domain, bot, 5)
    # Alice has made the keys, so she acts most.
    assert len(slack.posts("DU0ALICE")) == 1
    assert slack.posts("DU0CAROL") == []
    assert "#api-keys" in slack.posts("DU0ALICE")[0]["text"]
    domain.clock.move(timedelta(days=1))
    pass_time(domain, bot, 2)
    assert len(slack.posts("DU0ALICE")) == len(slack.posts("DU0CAROL")) == 1
    # While it lasts, nothing else is tried than one message a minute that is never sent.
    assert slack.methods().count("chat.scheduleMessage") <= 8


def test_what_waited_is_said_when_the_channel_is_back_oldest_first(
    domain: Domain, slack: Channels
) -> None:
    bot = at_work(domain, slack)
    slack.fault = "is_archived"
    for number in range(5):
        domain.issue(f"Meanwhile {number}")
    pass_time(domain, bot, 3)
    said = len(slack.posts("C1"))
    slack.fault = None
    pass_time(domain, bot, 2)
    texts = [str(post["blocks"]) for post in slack.posts("C1")[said:]]
    assert ["Meanwhile" in text for text in texts] == [True] * 5
    assert [next(n for n in range(5) if f"Meanwhile {n}" in text) for text in texts] == [
        0, 1, 2, 3, 4,
    ]  # fmt: skip


def test_much_that_waited_is_summed_up_in_one_message(domain: Domain, slack: Channels) -> None:
    bot = at_work(domain, slack)
    slack.fault = "not_in_channel"
    for number in range(37):
        domain.issue(f"Meanwhile {number}")
    pass_time(domain, bot, 3)
    tried = len(slack.posts("C1"))
    slack.fault = None
    pass_time(domain, bot, 3)
    (summary,) = slack.posts("C1")[tried:]
    assert "37 messages were not posted" in summary["text"]
    assert "7 more" in str(summary["blocks"])
    domain.issue("Later")
    pass_time(domain, bot, 1)
    assert "Later" in str(slack.posts("C1")[-1])


def test_a_channel_that_comes_and_goes_reminds_no_admin_each_time(
    domain: Domain, slack: Channels
) -> None:
    bot = at_work(domain, slack)
    for number in range(6):
        slack.fault = "is_archived"
        domain.issue(f"Meanwhile {number}")
        pass_time(domain, bot, 4)
        slack.fault = None
        pass_time(domain, bot, 4)
    assert len(slack.posts("DU0ALICE")) + len(slack.posts("DU0CAROL")) == 1


def test_slack_that_does_not_answer_is_asked_once_a_minute(domain: Domain, slack: Channels) -> None:
    bot = at_work(domain, slack)
    slack.fault = "is_archived"
    domain.issue("Meanwhile")
    bot.run_once()
    domain.clock.move(MINUTE)
    slack.fault = "invalid_auth"
    bot.run_once()
    asked = len(slack.asked)
    for _ in range(20):
        domain.clock.move(timedelta(seconds=2))
        bot.run_once()
    assert len(slack.asked) == asked


def test_another_channel_is_told_of_what_waited(domain: Domain, slack: Channels) -> None:
    bot = at_work(domain, slack)
    slack.fault, slack.names["C9"] = "is_archived", "C9"
    domain.issue("Meanwhile")
    member = Caller(Actor.person(CAROL), frozenset({Role.MEMBER}))
    asked = Ask(name="CI", scopes=("read",), reason="Builds", idempotency_key="s")
    execute(domain.services, member, asked, wait=0)
    pass_time(domain, bot, 2)
    admin = Caller(ALICE, frozenset({Role.ADMIN}))
    chosen = ChooseChannel(channel="C9", setting="#api-keys")
    assert execute(domain.services, admin, chosen, wait=0).changed
    assert not execute(domain.services, admin, chosen, wait=0).changed
    pass_time(domain, bot, 2)
    texts = str(slack.posts("C9"))
    assert "Meanwhile" in texts
    assert "Builds" in texts
    assert "chose this channel" in texts
    with domain.services.reading() as session:
        assert not channel.read(session).is_lost
        assert audit_log.newest_data(session, "channel.chosen") == {"channel": "C9", "before": "C1"}
