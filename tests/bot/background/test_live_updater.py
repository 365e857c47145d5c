"""A live message is posted once, redrawn when it changes, and survives a crash of the bot."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.background.worker import Worker
from bot.slack_api.client import SlackClient
from keys.base.actors import Actor
from keys.changes import gateways
from keys.lifecycle.revoke import revoke_key
from storage import writing
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, refusal
from tests.bot.harness.working import worker
from tests.keys.conftest import ALICE, Domain, open_test_application

SECOND = timedelta(seconds=1)


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def calls() -> FakeCalls:
    return FakeCalls(
        chat__postMessage=[
            lambda args: {"channel": args["channel"].replace("#api-keys", "C1"), "ts": "1.000001"}
        ],
        chat__update=[{}],
        conversations__open=[{"channel": {"id": "D1"}}],
        conversations__history=[{"messages": []}],
    )


def following(domain: Domain, calls: FakeCalls) -> Worker:
    """A bot, as one that was just started."""
    time = FakeTime()
    slack = SlackClient(calls, sleep=time.sleep, monotonic=time.monotonic)
    return worker(domain.services, slack, "#api-keys")


def announce(domain: Domain, *names: str) -> None:
    for name in names:
        with writing(domain.engine) as session:
            gateways.announce(session, f"gw_{name}", name, domain.clock.now())


def confirm(domain: Domain, name: str, fence: str | None) -> None:
    assert fence is not None
    with writing(domain.engine) as session:
        gateways.confirm(session, f"gw_{name}", [fence], domain.clock.now())


def beat(domain: Domain, *names: str) -> None:
    for name in names:
        with writing(domain.engine) as session:
            gateways.heartbeat(session, f"gw_{name}", domain.clock.now())


def revoke(domain: Domain, actor: Actor = ALICE) -> str | None:
    """Revokes a key, and has the channel told of it."""
    key, _ = domain.issue("Zapier")
    with domain.change(actor) as change:
        revoke_key(change, key.id)
    return change.effects.fence


def said(calls: FakeCalls, method: str) -> list[dict[str, Any]]:
    """What was said of silent gateways."""
    return [args for name, args in calls.asked if name == method and "onfirmed" in str(args)]


def test_gateways_that_confirm_in_time_are_not_spoken_of(domain: Domain, calls: FakeCalls) -> None:
    announce(domain, "web-1", "web-2")
    fence = revoke(domain)
    confirm(domain, "web-1", fence)
    confirm(domain, "web-2", fence)
    bot = following(domain, calls)
    bot.run_once()
    domain.clock.move(5 * SECOND)
    bot.run_once()
    assert said(calls, "chat.postMessage") == []
    assert bot.run_once() == 0


def test_a_silent_gateway_is_named_and_followed_until_it_confirms(
    domain: Domain, calls: FakeCalls
) -> None:
    announce(domain, "web-1", "web-2")
    fence = revoke(domain)
    confirm(domain, "web-1", fence)
    domain.clock.move(3 * SECOND)
    following(domain, calls).run_once()
    (first,) = said(calls, "chat.postMessage")
    assert first["channel"] == "D1"
    assert "web-2 has not answered" in str(first)
    # The bot dies here, and another takes over.
    other = following(domain, calls)
    for _ in range(5):
        domain.clock.move(2 * SECOND)
        beat(domain, "web-1", "web-2")
        other.run_once()
    assert said(calls, "chat.update") == []  # nothing has changed
    confirm(domain, "web-2", fence)
    domain.clock.move(2 * SECOND)
    other.run_once()
    (last,) = said(calls, "chat.update")
    assert "Every running gateway has confirmed" in str(last)
    domain.clock.move(timedelta(days=1))
    other.run_once()
    assert len(said(calls, "chat.update")) == 1
    assert len(said(calls, "chat.postMessage")) == 1


def test_one_that_stays_silent_is_taken_for_stopped(domain: Domain, calls: FakeCalls) -> None:
    announce(domain, "web-1", "web-2")
    fence = revoke(domain)
    confirm(domain, "web-1", fence)
    bot = following(domain, calls)
    for _ in range(40):
        domain.clock.move(2 * SECOND)
        beat(domain, "web-1")
        bot.run_once()
    assert len(said(calls, "chat.postMessage")) == 1
    assert "counts as stopped" in str(said(calls, "chat.update")[-1])


def test_what_an_operator_revoked_is_said_in_the_channel(domain: Domain, calls: FakeCalls) -> None:
    announce(domain, "web-1")
    revoke(domain, Actor.operator("op@host"))
    domain.clock.move(3 * SECOND)
    following(domain, calls).run_once()
    assert [post["channel"] for post in said(calls, "chat.postMessage")] == ["C1"]


def test_somebody_who_cannot_be_reached_is_replaced_by_the_channel(
    domain: Domain, calls: FakeCalls
) -> None:
    announce(domain, "web-1")
    revoke(domain)
    calls.replies["conversations.open"] = [refusal("user_disabled")]
    domain.clock.move(3 * SECOND)
    following(domain, calls).run_once()
    assert [post["channel"] for post in said(calls, "chat.postMessage")] == ["C1"]


def test_a_deleted_message_is_posted_anew_while_it_matters(
    domain: Domain, calls: FakeCalls
) -> None:
    announce(domain, "web-1", "web-2")
    fence = revoke(domain)
    domain.clock.move(3 * SECOND)
    bot = following(domain, calls)
    bot.run_once()
    confirm(domain, "web-1", fence)
    calls.replies["chat.update"] = [refusal("message_not_found"), {}]
    domain.clock.move(2 * SECOND)
    bot.run_once()
    assert len(said(calls, "chat.postMessage")) == 2
    confirm(domain, "web-2", fence)
    calls.replies["chat.update"] = [refusal("message_not_found")]
    domain.clock.move(2 * SECOND)
    bot.run_once()
    domain.clock.move(timedelta(days=1))
    bot.run_once()
    assert len(said(calls, "chat.postMessage")) == 2
    assert len(said(calls, "chat.update")) == 2


def test_a_message_that_cannot_be_edited_is_replaced_even_when_it_is_over(
    domain: Domain, calls: FakeCalls
) -> None:
    announce(domain, "web-1")
    fence = revoke(domain)
    domain.clock.move(3 * SECOND)
    bot = following(domain, calls)
    bot.run_once()
    confirm(domain, "web-1", fence)
    calls.replies["chat.update"] = [refusal("edit_window_closed")]
    calls.replies["chat.delete"] = [refusal("cant_delete_message")]
    domain.clock.move(2 * SECOND)
    bot.run_once()
    domain.clock.move(timedelta(days=1))
    bot.run_once()
    assert len(said(calls, "chat.postMessage")) == 2
    assert calls.methods().count("chat.update") == calls.methods().count("chat.delete") == 1


class Died(BaseException):
    """Stands for `kill -9`: nothing in the program may catch it."""


def too_old_to_edit_and_over(domain: Domain, calls: FakeCalls) -> Worker:
    """A message that can only be deleted and posted again, about something that has ended."""
    announce(domain, "web-1")
    fence = revoke(domain)
    domain.clock.move(3 * SECOND)
    bot = following(domain, calls)
    bot.run_once()
    confirm(domain, "web-1", fence)
    calls.replies["chat.update"] = [refusal("edit_window_closed"), refusal("message_not_found")]
    domain.clock.move(2 * SECOND)
    return bot


def test_a_bot_that_dies_once_the_old_message_is_deleted_loses_none(
    domain: Domain, calls: FakeCalls
) -> None:
    def deleted_and_died(_: dict[str, Any]) -> dict[str, Any]:
        raise Died

    bot = too_old_to_edit_and_over(domain, calls)
    calls.replies["chat.delete"] = [deleted_and_died]
    with pytest.raises(Died):
        bot.run_once()
    for _ in range(3):
        domain.clock.move(timedelta(minutes=2))
        following(domain, calls).run_once()
    assert "running gateway has confirmed it" in str(said(calls, "chat.postMessage")[1:])
    assert len(said(calls, "chat.postMessage")) == 2


@pytest.mark.parametrize("code", ["internal_error", "not_in_channel", "ratelimited"])
def test_a_message_that_slack_does_not_take_again_at_once_is_not_lost(
    domain: Domain, calls: FakeCalls, code: str
) -> None:
    bot = too_old_to_edit_and_over(domain, calls)
    calls.replies["chat.delete"] = [{}]
    calls.replies["chat.postMessage"] = [refusal(code)]
    bot.run_once()
    calls.replies["chat.postMessage"] = [{"channel": "D1", "ts": "1.000002"}]
    tried = len(said(calls, "chat.postMessage"))
    for _ in range(3):
        domain.clock.move(timedelta(hours=1))
        bot.run_once()
    assert "running gateway has confirmed it" in str(said(calls, "chat.postMessage")[tried:])
    assert len(said(calls, "chat.postMessage")) == tried + 1


class Taken:
    """A direct message that Slack takes, and finds again when it is looked for from then on."""

    def __init__(self, domain: Domain) -> None:
        self._house = domain
        self._messages: list[dict[str, Any]] = []

    def post(self, args: dict[str, Any]) -> dict[str, Any]:
        """Take it; the bot dies before it reads the answer."""
        at = self._house.clock.now().timestamp()
        self._messages.append({"ts": f"{at:.6f}", "metadata": args["metadata"]})
        raise Died

    def history(self, args: dict[str, Any]) -> dict[str, Any]:
        oldest = float(args["oldest"])
        return {"messages": [one for one in self._messages if float(one["ts"]) > oldest]}


def dies(_: dict[str, Any]) -> dict[str, Any]:
    raise Died


@pytest.mark.parametrize(
    "trouble", [dies, refusal("ratelimited"), refusal("internal_error")],
    ids=["dies", "ratelimited", "internal_error"],
)  # fmt: skip
def test_a_message_that_a_dead_bot_has_posted_is_found_also_at_the_third_attempt(
    domain: Domain, calls: FakeCalls, trouble: Any
) -> None:
    announce(domain, "web-1")
    revoke(domain)
    following(domain, calls).run_once()
    taken = Taken(domain)
    calls.replies["chat.postMessage"] = [taken.post]
    calls.replies["conversations.history"] = [trouble]
    for passed in (3 * SECOND, timedelta(minutes=10)):
        domain.clock.move(passed)
        with contextlib.suppress(Died):
            following(domain, calls).run_once()
    assert "conversations.history" in calls.methods(), "the second looked for it, in vain"
    calls.replies["conversations.history"] = [taken.history]
    domain.clock.move(timedelta(hours=1))
    following(domain, calls).run_once()
    assert len(said(calls, "chat.postMessage")) == 1
    assert "running gateway has confirmed it" in str(said(calls, "chat.update"))


def test_what_slack_cannot_take_now_is_drawn_later(domain: Domain, calls: FakeCalls) -> None:
    announce(domain, "web-1")
    bot = following(domain, calls)
    fence = revoke(domain)
    bot.run_once()
    calls.replies["chat.postMessage"] = [refusal("internal_error")]
    domain.clock.move(3 * SECOND)
    bot.run_once()
    assert len(said(calls, "chat.postMessage")) == 1
    calls.replies["chat.postMessage"] = [{"channel": "D1", "ts": "1.000001"}]
    domain.clock.move(5 * SECOND)
    bot.run_once()
    assert len(said(calls, "chat.postMessage")) == 2
    assert fence is not None


def test_who_cannot_be_reached_is_not_replaced_where_the_team_is_told_anyway(
    domain: Domain, calls: FakeCalls
) -> None:
    now = domain.clock.now()
    key, _ = domain.issue(expires_at=now + timedelta(days=40))
    following(domain, calls).run_once()
    calls.replies["conversations.open"] = [refusal("user_disabled")]
    domain.clock.move(timedelta(days=15))
    before = calls.methods().count("chat.postMessage")
    following(domain, calls).run_once()
    assert calls.methods().count("chat.postMessage") == before + 1
    posts = [args for name, args in calls.asked if name == "chat.postMessage"]
    assert posts[-1]["channel"] == "C1"
    assert key.id in str(posts[-1])
