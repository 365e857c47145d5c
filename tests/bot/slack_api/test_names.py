"""Names in a message's text: asked of Slack once, and never worth losing a message for."""

from __future__ import annotations

from typing import Any

from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.names import KEPT, Names, display_name
from bot.slack_api.transport import Limits
from bot.ui.blocks import message, person, sentence
from keys.base.actors import Actor
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, refusal

SHOWN = message(sentence(person(Actor.person("U0ADA")), " revoked it in ",
                         {"type": "channel", "channel_id": "C9"}, "."))  # fmt: skip


def client(**replies: Any) -> tuple[SlackClient, FakeCalls, FakeTime]:
    calls, time = (
        FakeCalls(chat__postMessage=[{"channel": "C1", "ts": "1.1"}], **replies),
        FakeTime(),
    )
    return SlackClient(calls, Limits(), sleep=time.sleep, monotonic=time.monotonic), calls, time


def texts(calls: FakeCalls) -> list[str]:
    return [args["text"] for method, args in calls.asked if "text" in args]


def test_people_and_channels_are_named_and_asked_for_once() -> None:
    user = {"user": {"id": "U0ADA", "profile": {"display_name": "Ada <3", "real_name": "A. L."}}}
    slack, calls, time = client(
        users__info=[user], conversations__info=[{"channel": {"name": "general"}}],
        chat__update=[{}], chat__postEphemeral=[{}],
    )  # fmt: skip
    slack.post("C1", SHOWN["text"], SHOWN["blocks"])
    slack.update(Posted("C1", "1.1"), SHOWN["text"], SHOWN["blocks"])
    slack.within(9).ephemeral("C1", "U0BOB", SHOWN["text"], SHOWN["blocks"])
    assert set(texts(calls)) == {"Ada &lt;3 revoked it in #general."}
    assert calls.methods().count("users.info") == calls.methods().count("conversations.info") == 1
    time.at += KEPT
    slack.post("C1", SHOWN["text"], SHOWN["blocks"])
    assert calls.methods().count("users.info") == 2


def test_the_name_of_someone_who_was_checked_is_known_without_asking() -> None:
    slack, calls, _ = client(users__info=[{"user": {"id": "U0ADA", "name": "ada"}}])
    assert slack.spell_out("<@U0ADA>", ask=False) == "A colleague"
    slack.quick().user_info("U0ADA")
    assert slack.spell_out("<@U0ADA>", ask=False) == "ada"
    assert calls.methods() == ["users.info"]


def test_a_message_is_sent_where_slack_gives_no_name() -> None:
    slack, calls, _ = client(users__info=[refusal("user_not_found")])
    slack.post("C1", SHOWN["text"], SHOWN["blocks"])
    slack.post("C1", SHOWN["text"], SHOWN["blocks"])
    assert texts(calls) == ["A colleague revoked it in a channel."] * 2
    assert calls.methods().count("users.info") == 1, "it is not asked again at once"


def test_names_are_kept_for_some_people_at_most() -> None:
    names = Names(lambda: 0.0)
    for number in range(10_001):
        names.learn(f"U{number}", "someone")
    assert (names.get("U0"), names.get("U1")) == (None, "someone")
    assert display_name({"profile": {}, "real_name": " Ada "}) == "Ada"
