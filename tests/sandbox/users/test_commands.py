"""Slash commands and messages: what the app gets, and what the person sees."""

from __future__ import annotations

import pytest

from sandbox.base.errors import SandboxError
from sandbox.delivery.dispatcher import NotAcknowledged
from sandbox.state.models import Json
from tests.sandbox.users.bench import Bench


def test_a_command_reaches_the_app_with_slacks_fields() -> None:
    bench = Bench()
    bench.types("/keys new  Zapier ")
    kind, body = bench.delivered[0]
    assert kind == "slash_commands"
    assert (body["command"], body["text"]) == ("/keys", "new  Zapier")
    assert (body["user_id"], body["user_name"]) == ("Ualice", "alice")
    assert (body["channel_id"], body["channel_name"]) == ("C1", "general")
    assert (body["team_id"], body["team_domain"]) == ("T1", "acme")
    assert body["api_app_id"] == bench.install.app_id
    assert body["response_url"].startswith("http://127.0.0.1:1/response/")
    assert bench.triggers.spend(body["trigger_id"]) == "Ualice"
    assert bench.seen() == []


def test_a_mention_is_escaped_only_where_the_manifest_says_so() -> None:
    bench = Bench()
    bench.types("/keys give @bob in #general to nobody@example.com and @nobody")
    assert bench.last()["text"] == (
        "give <@Ubob|bob> in <#C1|general> to nobody@example.com and @nobody"
    )
    bench.types("/standup @bob")
    assert bench.last()["text"] == "@bob"


@pytest.mark.parametrize("answer", ["Done", {"text": "Done"}])
def test_an_answer_is_for_the_person_alone(answer: Json | str) -> None:
    bench = Bench()
    bench.answer = lambda body: answer
    bench.types("/keys list")
    assert bench.seen("Ualice") == ["Done"]
    assert bench.seen("Ubob") == []


def test_an_answer_in_channel_is_for_everybody() -> None:
    bench = Bench()
    bench.answer = lambda body: {"response_type": "in_channel", "text": "Done"}
    bench.types("/keys list")
    assert bench.seen("Ubob") == ["Done"]


def test_an_answer_slack_cannot_show_is_told_of() -> None:
    bench = Bench()
    bench.answer = lambda body: {"blocks": [{"type": "nonsense"}]}
    bench.types("/keys list")
    assert bench.seen() == ['/keys failed with the error "invalid_command_response"']


@pytest.mark.parametrize("user", ["Uoskar", "Ualice"])
def test_an_unknown_command_is_answered_by_slack_itself(user: str) -> None:
    bench = Bench()
    bench.types("/keys list" if user == "Uoskar" else "/nonsense", user)
    assert bench.seen(user)[0].endswith("is not a valid command.")
    assert bench.delivered == []
    assert bench.hands.commands("Uoskar") == []


def test_a_command_in_a_thread_is_not_run() -> None:
    bench = Bench()
    bench.types("/keys list", thread="1.000001")
    assert bench.seen() == ["/keys is not supported in threads. Sorry!"]
    assert bench.delivered == []


def test_a_command_answered_too_late_fails_with_slacks_words() -> None:
    bench = Bench()

    def late(body: Json) -> str:
        bench.clock.advance(3.1)
        return "Too late"

    bench.answer = late
    bench.types("/keys list")
    assert bench.seen() == ['/keys failed with the error "operation_timeout"']


def test_a_refusing_and_an_absent_app_are_told_apart() -> None:
    bench = Bench()

    def refuse(body: Json) -> None:
        raise NotAcknowledged("http_service_error")

    bench.answer = refuse
    bench.types("/keys list")
    bench.wiring.courier.transport = None
    bench.types("/keys list")
    assert bench.seen() == [
        '/keys failed with the error "http_service_error"',
        '/keys failed with the error "dispatch_failed"',
    ]


def test_a_message_is_kept_escaped_and_with_mentions() -> None:
    bench = Bench()
    bench.types("Hi @bob, 1 < 2 & so on")
    assert bench.seen("Ubob") == ["Hi <@Ubob>, 1 &lt; 2 &amp; so on"]
    assert bench.delivered == []


def test_who_is_not_there_or_not_active_cannot_type() -> None:
    bench = Bench()
    bench.workspace.channels["C1"].members.remove("Ubob")
    bench.workspace.accounts["Ualice"].deleted = True
    for user in ("Ubob", "Ualice", "Unobody", bench.install.bot_user):
        with pytest.raises(SandboxError):
            bench.types("Hi", user)


def test_a_direct_message_to_an_app_that_takes_none_is_refused() -> None:
    bench = Bench()
    home = bench.hands.open_direct("Ualice", bench.install.bot_user)
    assert bench.hands.open_direct("Ualice", bench.install.bot_user) == home
    bench.hands.type("Ualice", home, "Hi")
    read_only = bench.workspace.manifest
    object.__setattr__(read_only, "messages_tab_read_only", True)
    with pytest.raises(SandboxError, match="turned off"):
        bench.hands.type("Ualice", home, "Hi")


def test_a_message_event_comes_only_to_who_may_hear_it() -> None:
    bench = Bench(event_subscriptions={"bot_events": ["message.channels"]})
    bench.types("First")
    bench.install.scopes.discard("channels:history")
    bench.types("Not told: no scope")
    bench.install.scopes.add("channels:history")
    bench.workspace.channels["C1"].members.remove(bench.install.bot_user)
    bench.types("Not told: not there")
    bench.wiring.close()
    events = [body for kind, body in bench.delivered if kind == "events_api"]
    assert [e["event"]["text"] for e in events] == ["First"]
    assert events[0]["event"]["channel_type"] == "channel"
    assert events[0]["authorizations"][0]["user_id"] == bench.install.bot_user


def test_an_edited_message_is_told_of_as_changed() -> None:
    bench = Bench(event_subscriptions={"bot_events": ["message.channels"]})
    bench.types("Frist & foremost")
    ts = bench.workspace.messages_for("Ualice", "C1")[-1].ts
    bench.hands.edit("Ualice", "C1", ts, "First & foremost")
    bench.wiring.close()
    assert bench.seen("Ubob") == ["First &amp; foremost"]
    event = bench.last()["event"]
    assert (event["subtype"], event["hidden"], event["channel"]) == ("message_changed", True, "C1")
    assert "user" not in event
    assert (event["message"]["ts"], event["message"]["user"]) == (ts, "Ualice")
    assert event["message"]["edited"]["user"] == "Ualice"
    assert event["message"]["text"] == "First &amp; foremost"
    assert event["previous_message"]["text"] == "Frist &amp; foremost"


def test_nobody_edits_what_others_wrote() -> None:
    bench = Bench()
    bench.types("Mine")
    ts = bench.workspace.messages_for("Ualice", "C1")[-1].ts
    for user, which, text in (("Ubob", ts, "x"), ("Ualice", "1.0", "x"), ("Ualice", ts, " ")):
        with pytest.raises(SandboxError):
            bench.hands.edit(user, "C1", which, text)
    assert bench.seen() == ["Mine"]
