"""What must be said once is said once, although the bot dies between saying it and noting that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.slack_api.backoff import LEASE
from bot.slack_api.client import SlackClient
from keys.base.actors import Actor
from sandbox.sandbox import Sandbox
from tests.bot.background.test_live_updater import announce, confirm, revoke
from tests.bot.harness.fake_slack import FakeTime
from tests.bot.harness.working import worker
from tests.bot.test_listeners_practice import practice_calls
from tests.e2e.harness.program import MANIFEST
from tests.keys.conftest import Domain, open_test_application


class Died(BaseException):
    """Stands for `kill -9`: nothing in the program may catch it."""


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    slack = Sandbox(MANIFEST)
    slack.add_person("alice", role="admin")
    slack.add_channel("api-keys", members=["alice"])
    slack.invite_app("api-keys")
    yield slack
    slack.close()


class Bot:
    """A bot that was just started; it dies at one of Slack's methods, if it is to.

    Of what it posts, Slack has then taken a message; of what it redraws, nothing.
    """

    def __init__(
        self,
        domain: Domain,
        slack: Sandbox,
        channel: str = "#api-keys",
        dies_at: str = "chat.postMessage",
    ) -> None:
        self.dies = False
        calls = practice_calls(slack)

        def attempt(method: str, args: dict[str, Any], **how: Any) -> dict[str, Any]:
            due = self.dies and method == dies_at
            if due and method == "chat.update":
                raise Died
            answer: dict[str, Any] = calls(method, args, **how)
            if due:
                raise Died
            return answer

        time = FakeTime()
        client = SlackClient(attempt, sleep=time.sleep, monotonic=time.monotonic)
        self.following = worker(domain.services, client, channel)

    def dies_while_saying(self) -> None:
        self.dies = True
        with pytest.raises(Died):
            self.following.run_once()


def said(slack: Sandbox, words: str) -> int:
    alice = slack.person("alice").goes_to("api-keys")
    return alice.screen().count(words)


def rotates(domain: Domain) -> None:
    from tests.keys.rotation.test_rotations import rotate

    key, _ = domain.issue("Zapier")
    rotate(domain, key.id)


def test_a_notice_is_found_again_and_not_repeated(domain: Domain, slack: Sandbox) -> None:
    rotates(domain)
    Bot(domain, slack).following.run_once()  # from here on the channel's id is known
    domain.issue("Make")
    Bot(domain, slack).dies_while_saying()
    assert said(slack, "created the key Make") == 1
    domain.clock.move(LEASE + timedelta(seconds=1))
    Bot(domain, slack).following.run_once()
    assert said(slack, "created the key Make") == 1
    assert Bot(domain, slack).following.run_once() == 0


def test_the_very_first_notice_is_found_again_although_only_the_channels_name_is_known(
    domain: Domain, slack: Sandbox
) -> None:
    domain.issue("Make")
    Bot(domain, slack).dies_while_saying()
    domain.clock.move(LEASE + timedelta(seconds=1))
    Bot(domain, slack).following.run_once()
    assert said(slack, "created the key Make") == 1
    assert len(slack.calls("chat.deleteScheduledMessage")) == 1
    assert Bot(domain, slack).following.run_once() == 0


def test_a_live_message_is_found_again_and_goes_on(domain: Domain, slack: Sandbox) -> None:
    place = slack.workspace.channel_named("api-keys")
    assert place is not None
    rotates(domain)
    bot = Bot(domain, slack, place.id)
    bot.following.announce_one()
    bot.dies_while_saying()
    domain.clock.move(LEASE + timedelta(seconds=1))
    again = Bot(domain, slack, place.id)
    again.following.run_once()
    again.following.run_once()
    texts = [m.text for m in slack.workspace.messages_for(slack.person("alice").id, place.id)]
    assert sum(" rotated “" in text for text in texts) == 1


def has_an_untrue_message_of_a_dead_bot(domain: Domain, slack: Sandbox) -> str:
    """A gateway is said to be silent, and has confirmed since; returns where it is said."""
    channel = slack.workspace.channel_named("api-keys")
    assert channel is not None
    announce(domain, "web-1")
    fence = revoke(domain, Actor.operator("op@host"))
    Bot(domain, slack, channel.id).following.run_once()
    domain.clock.move(timedelta(seconds=3))
    Bot(domain, slack, channel.id).dies_while_saying()
    assert said(slack, "web-1 has not answered") == 1
    confirm(domain, "web-1", fence)
    domain.clock.move(LEASE + timedelta(seconds=1))
    return channel.id


def test_a_live_message_that_is_found_again_says_what_is_so_now(
    domain: Domain, slack: Sandbox
) -> None:
    place = has_an_untrue_message_of_a_dead_bot(domain, slack)
    Bot(domain, slack, place).following.run_once()
    assert said(slack, "web-1 has not answered") == 0
    assert said(slack, "Every running gateway has confirmed") == 1


def test_one_whose_new_words_do_not_come_through_is_not_posted_again(
    domain: Domain, slack: Sandbox
) -> None:
    place = has_an_untrue_message_of_a_dead_bot(domain, slack)
    Bot(domain, slack, place, dies_at="chat.update").dies_while_saying()
    domain.clock.move(LEASE + timedelta(seconds=1))
    Bot(domain, slack, place).following.run_once()
    assert said(slack, "web-1 has not answered") == 0
    assert said(slack, "Every running gateway has confirmed") == 1


def test_without_the_scope_it_is_said_again(domain: Domain, slack: Sandbox) -> None:
    rotates(domain)
    Bot(domain, slack).following.run_once()
    slack.install.scopes -= {"channels:history", "groups:history", "im:history"}
    domain.issue("Make")
    Bot(domain, slack).dies_while_saying()
    domain.clock.move(LEASE + timedelta(seconds=1))
    Bot(domain, slack).following.run_once()
    assert said(slack, "created the key Make") == 2
