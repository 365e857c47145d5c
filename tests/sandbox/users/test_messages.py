"""Slash commands and messages: what the app gets, and what the user sees."""

from __future__ import annotations

import pytest

from sandbox.base.errors import SandboxError
from sandbox.delivery.dispatcher import NotAcknowledged
from sandbox.state.models import Json
from tests.sandbox.users.harness import Harness


def test_a_command_reaches_the_app_with_slacks_fields() -> None:
    harness = Harness()
    harness.types("/keys new  Zapier ")
    kind, body = harness.delivered[0]
    assert kind == "slash_commands"
    assert (body["command"], body["text"]) == ("/keys", "new  Zapier")
    assert (body["user_id"], body["user_name"]) == ("Ualice", "alice")
    assert (body["channel_id"], body["channel_name"]) == ("C1", "general")
    assert (body["team_id"], body["team_domain"]) == ("T1", "acme")
    assert body["api_app_id"] == harness.install.app_id
    assert body["response_url"].startswith("http://127.0.0.1:1/response/")
    assert harness.triggers.spend(body["trigger_id"]) == "Ualice"
    assert harness.seen() == []


def test_a_mention_is_escaped_only_where_the_manifest_says_so() -> None:
    harness = Harness()
    harness.types("/keys give @bob in #general to nobody@example.com and @nobody")
    assert harness.last()["text"] == (
        "give <@Ubob|bob> in <#C1|general> to nobody@example.com and @nobody"
    )
    harness.types("/standup @bob")
    assert harness.last()["text"] == "@bob"


@pytest.mark.parametrize("answer", ["Done", {"text": "Done"}])
def test_an_answer_is_for_the_person_alone(answer: Json | str) -> None:
    harness = Harness()
    harness.answer = lambda body: answer
    harness.types("/keys list")
    assert harness.seen("Ualice") == ["Done"]
    assert harness.seen("Ubob") == []


def test_an_answer_in_channel_is_for_everybody() -> None:
    harness = Harness()
    harness.answer = lambda body: {"response_type": "in_channel", "text": "Done"}
    harness.types("/keys list")
    assert harness.seen("Ubob") == ["Done"]


def test_an_answer_slack_cannot_show_is_an_error() -> None:
    harness = Harness()
    harness.answer = lambda body: {"blocks": [{"type": "nonsense"}]}
    harness.types("/keys list")
    assert harness.seen() == ['/keys failed with the error "invalid_command_response"']


@pytest.mark.parametrize("user", ["Uoskar", "Ualice"])
def test_an_unknown_command_is_answered_by_slack_itself(user: str) -> None:
    harness = Harness()
    harness.types("/keys list" if user == "Uoskar" else "/nonsense", user)
    assert harness.seen(user)[0].endswith("is not a valid command.")
    assert harness.delivered == []
    assert harness.actions.commands("Uoskar") == []


def test_a_command_in_a_thread_is_not_run() -> None:
    harness = Harness()
    harness.types("/keys list", thread="1.000001")
    assert harness.seen() == ["/keys is not supported in threads. Sorry!"]
    assert harness.delivered == []


def test_a_command_answered_too_late_fails_with_slacks_words() -> None:
    harness = Harness()

    def late(body: Json) -> str:
        harness.clock.advance(3.1)
        return "Too late"

    harness.answer = late
    harness.types("/keys list")
    assert harness.seen() == ['/keys failed with the error "operation_timeout"']


def test_a_refusing_and_an_absent_app_differ() -> None:
    harness = Harness()

    def refuse(body: Json) -> None:
        raise NotAcknowledged("http_service_error")

    harness.answer = refuse
    harness.types("/keys list")
    harness.runtime.dispatcher.transport = None
    harness.types("/keys list")
    assert harness.seen() == [
        '/keys failed with the error "http_service_error"',
        '/keys failed with the error "dispatch_failed"',
    ]


def test_a_message_is_kept_escaped_and_with_mentions() -> None:
    harness = Harness()
    harness.types("Hi @bob, 1 < 2 & so on")
    assert harness.seen("Ubob") == ["Hi <@Ubob>, 1 &lt; 2 &amp; so on"]
    assert harness.delivered == []


def test_who_is_not_there_or_not_active_cannot_type() -> None:
    harness = Harness()
    harness.workspace.channels["C1"].members.remove("Ubob")
    harness.workspace.accounts["Ualice"].deleted = True
    for user in ("Ubob", "Ualice", "Unobody", harness.install.bot_user):
        with pytest.raises(SandboxError):
            harness.types("Hi", user)


def test_a_direct_message_to_an_app_that_takes_none_is_refused() -> None:
    harness = Harness()
    home = harness.actions.open_direct("Ualice", harness.install.bot_user)
    assert harness.actions.open_direct("Ualice", harness.install.bot_user) == home
    harness.actions.type("Ualice", home, "Hi")
    read_only = harness.workspace.manifest
    object.__setattr__(read_only, "messages_tab_read_only", True)
    with pytest.raises(SandboxError, match="turned off"):
        harness.actions.type("Ualice", home, "Hi")


def test_a_message_event_comes_only_to_who_may_hear_it() -> None:
    harness = Harness(event_subscriptions={"bot_events": ["message.channels"]})
    harness.types("First")
    harness.install.scopes.discard("channels:history")
    harness.types("Not told: no scope")
    harness.install.scopes.add("channels:history")
    harness.workspace.channels["C1"].members.remove(harness.install.bot_user)
    harness.types("Not told: not there")
    harness.runtime.close()
    events = [body for kind, body in harness.delivered if kind == "events_api"]
    assert [e["event"]["text"] for e in events] == ["First"]
    assert events[0]["event"]["channel_type"] == "channel"
    assert events[0]["authorizations"][0]["user_id"] == harness.install.bot_user


def test_an_edited_message_emits_message_changed() -> None:
    harness = Harness(event_subscriptions={"bot_events": ["message.channels"]})
    harness.types("Frist & foremost")
    ts = harness.workspace.messages_for("Ualice", "C1")[-1].ts
    harness.actions.edit("Ualice", "C1", ts, "First & foremost")
    harness.runtime.close()
    assert harness.seen("Ubob") == ["First &amp; foremost"]
    event = harness.last()["event"]
    assert (event["subtype"], event["hidden"], event["channel"]) == ("message_changed", True, "C1")
    assert "user" not in event
    assert (event["message"]["ts"], event["message"]["user"]) == (ts, "Ualice")
    assert event["message"]["edited"]["user"] == "Ualice"
    assert event["message"]["text"] == "First &amp; foremost"
    assert event["previous_message"]["text"] == "Frist &amp; foremost"


def test_no_one_edits_what_others_wrote() -> None:
    harness = Harness()
    harness.types("Mine")
    ts = harness.workspace.messages_for("Ualice", "C1")[-1].ts
    for user, which, text in (("Ubob", ts, "x"), ("Ualice", "1.0", "x"), ("Ualice", ts, " ")):
        with pytest.raises(SandboxError):
            harness.actions.edit(user, "C1", which, text)
    assert harness.seen() == ["Mine"]
