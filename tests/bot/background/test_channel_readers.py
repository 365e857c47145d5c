"""An admin is told who reads the team's channel, once, when it is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.background.channel_readers import MANY
from bot.slack_api.client import SlackClient
from keys.team_channel import channel
from tests.bot.background.test_lost_channel import Channels, start
from tests.bot.harness.fake_slack import FakeTime, refusal
from tests.bot.harness.working import worker
from tests.keys.conftest import Domain, open_test_application


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.engine.dispose()


def told(domain: Domain, **described: Any) -> list[str]:
    """What the admin is told, after two starts of the bot."""
    slack = Channels()
    slack.replies["conversations.info"] = [{"channel": {"id": "C1", **described}}]
    for _ in range(2):
        bot = start(domain, slack)
        bot.find_channel()
        bot.run_once()
    assert slack.posts("C1") == slack.posts("#api-keys") == []
    return [post["text"] for post in slack.posts("DU0ALICE")]


def test_a_channel_that_is_shared_with_another_organisation(domain: Domain) -> None:
    (text,) = told(domain, is_ext_shared=True, num_members=7)
    assert "shared with another organisation" in text


def test_a_channel_that_everybody_reads(domain: Domain) -> None:
    (text,) = told(domain, is_ext_shared=False, num_members=MANY * 4)
    assert "400 members" in text


@pytest.mark.parametrize("members", [2, MANY - 1])
def test_a_channel_of_the_team_is_nothing_to_tell(domain: Domain, members: int) -> None:
    assert told(domain, is_ext_shared=False, num_members=members) == []


def test_without_the_permission_nothing_is_told(domain: Domain) -> None:
    slack = Channels()
    slack.replies["conversations.info"] = [refusal("missing_scope", needed="channels:read")]
    bot = start(domain, slack)
    bot.find_channel()
    bot.run_once()
    assert "chat.postMessage" not in slack.methods()


def test_a_wrong_channel_is_noticed_at_the_start(domain: Domain) -> None:
    slack = Channels()
    client = SlackClient(slack, sleep=FakeTime().sleep)
    bot = worker(domain.services, client, "#typo", admins=lambda: ("U0ALICE",))
    bot.find_channel()
    bot.run_once()
    assert slack.posts("#typo") == []
    with domain.services.reading() as session:
        assert channel.read(session).fault == "not_found"
