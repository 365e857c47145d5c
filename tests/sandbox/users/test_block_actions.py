"""Pressing, choosing and answering by response URL."""

from __future__ import annotations

import threading

import pytest

from sandbox.base.errors import SandboxError, SlackError
from sandbox.delivery.response_urls import RESPONSE_URL_SECONDS
from sandbox.state.models import Json, MessageRef
from tests.sandbox.page.demo_app import button, list_blocks, plain
from tests.sandbox.users.harness import Harness

PRESSED: Json = {"type": "button", "value": "k1"}


def question() -> list[Json]:
    elements = [button("Revoke", "revoke", value="k1", style="danger")]
    return [{"type": "actions", "block_id": "ask", "elements": elements}]


def asked(harness: Harness, only_for: str | None = None, user: str = "Ualice") -> MessageRef:
    ref = harness.posted(question(), only_for)
    harness.actions.act(user, ref, "ask", "revoke", PRESSED)
    return ref


def secret_of(harness: Harness) -> str:
    return str(harness.last()["response_url"].rpartition("/")[2])


def test_a_press_is_delivered_as_slack_does() -> None:
    harness = Harness()
    ref = asked(harness)
    kind, body = harness.delivered[0]
    assert (kind, body["type"]) == ("interactive", "block_actions")
    action = body["actions"][0]
    assert action["text"] == plain("Revoke")
    assert (action["block_id"], action["action_id"]) == ("ask", "revoke")
    assert (action["value"], action["style"]) == ("k1", "danger")
    assert float(action["action_ts"]) == harness.clock.now()
    assert body["container"] == {
        "type": "message",
        "message_ts": ref.ts,
        "channel_id": "C1",
        "is_ephemeral": False,
    }
    assert body["message"]["blocks"] == question()
    assert body["user"]["team_id"] == "T1"
    assert harness.triggers.spend(body["trigger_id"]) == "Ualice"


def test_an_ephemeral_message_is_not_in_the_payload() -> None:
    harness = Harness()
    asked(harness, only_for="Ualice")
    assert "message" not in harness.last()
    assert harness.last()["container"]["is_ephemeral"] is True


def test_people_of_another_organisation_can_press() -> None:
    harness = Harness()
    asked(harness, user="Uoskar")
    assert harness.last()["user"]["team_id"] == "T2"


def test_what_is_not_seen_cannot_be_pressed() -> None:
    harness = Harness()
    ref = harness.posted(question(), only_for="Ualice")
    for user, action_id in (("Ubob", "revoke"), ("Ualice", "gone")):
        with pytest.raises(SandboxError):
            harness.actions.act(user, ref, "ask", action_id, PRESSED)
    harness.actions.reload("Ualice")
    with pytest.raises(SandboxError):
        harness.actions.act("Ualice", ref, "ask", "revoke", PRESSED)
    assert harness.delivered == []


def test_a_choice_in_a_menu_and_words_that_dispatch_carry_what_was_chosen() -> None:
    harness = Harness()
    ref = harness.posted(list_blocks())
    option = {"text": plain("Rename"), "value": "rename"}
    menu = {"type": "overflow", "selected_option": option}
    harness.actions.act("Ualice", ref, "key-Export job", "row", menu)
    assert harness.last()["actions"][0]["selected_option"] == option
    words = {"type": "plain_text_input", "value": "zap"}
    harness.actions.act("Ualice", ref, "search", "words", words)
    assert harness.last()["actions"][0]["value"] == "zap"
    assert harness.last()["state"]["values"] == {"search": {"words": words}}


def test_typing_without_enter_delivers_nothing() -> None:
    harness = Harness()
    ref = harness.posted(list_blocks())
    words = {"type": "plain_text_input", "value": "zap"}
    harness.actions.enter("Ualice", ref, "search", "words", words)
    assert harness.delivered == []


def test_a_press_that_is_lost_leaves_slacks_warning_until_the_next_one() -> None:
    harness = Harness()
    harness.faults.drop_next_delivery()
    ref = asked(harness)
    assert harness.delivered == []
    message = harness.workspace.messages_for("Ualice", "C1")[0]
    assert message.notices == {
        "Ualice": "Operation timed out. Apps need to respond within 3 seconds."
    }
    harness.actions.act("Ualice", ref, "ask", "revoke", PRESSED)
    assert harness.workspace.messages_for("Ualice", "C1")[0].notices == {}


def test_a_doubled_delivery_arrives_twice() -> None:
    harness = Harness()
    harness.faults.double_next_delivery()
    asked(harness)
    assert len(harness.delivered) == 2


def test_an_app_that_hangs_is_waited_for_three_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness = Harness()
    free = threading.Event()
    monkeypatch.setattr("sandbox.delivery.dispatcher.ACK_SECONDS", 0.05)

    def hang(body: Json) -> None:
        free.wait(10)

    harness.answer = hang
    try:
        asked(harness)
    finally:
        free.set()
    assert (
        harness.workspace.messages_for("Ualice", "C1")[0].notices["Ualice"].startswith("Operation")
    )


def test_an_app_without_interactivity_hears_of_no_press() -> None:
    harness = Harness(interactivity={"is_enabled": False})
    asked(harness)
    assert harness.delivered == []
    notices = harness.workspace.messages_for("Ualice", "C1")[0].notices
    assert "not configured" in notices["Ualice"]


def test_a_broken_deliverer_is_not_passed_over() -> None:
    harness = Harness()

    def broken(body: Json) -> None:
        raise ZeroDivisionError

    harness.answer = broken
    with pytest.raises(ZeroDivisionError):
        asked(harness)


def test_a_response_url_replaces_and_deletes_what_was_pressed() -> None:
    harness = Harness()
    asked(harness)
    respond = harness.runtime.responses.respond
    respond(secret_of(harness), {"replace_original": True, "text": "Revoked."})
    message = harness.workspace.messages_for("Ubob", "C1")[0]
    assert (message.text, message.blocks, message.revision) == ("Revoked.", [], 2)
    assert message.edited_by == harness.install.bot_user
    respond(secret_of(harness), {"delete_original": True})
    assert harness.seen() == []
    with pytest.raises(SlackError, match="message_not_found"):
        respond(secret_of(harness), {"replace_original": True, "text": "Again"})


def test_an_ephemeral_message_cannot_become_public() -> None:
    harness = Harness()
    asked(harness, only_for="Ualice")
    answer = {"replace_original": True, "response_type": "in_channel", "text": "For all"}
    harness.runtime.responses.respond(secret_of(harness), answer)
    assert harness.seen("Ualice") == ["For all"]
    assert harness.seen("Ubob") == []


def test_a_response_url_adds_a_message_for_the_person_alone() -> None:
    harness = Harness()
    asked(harness)
    harness.runtime.responses.respond(secret_of(harness), {"text": "Done"})
    assert harness.seen("Ualice") == ["Hi", "Done"]
    assert harness.seen("Ubob") == ["Hi"]


def test_a_response_url_works_five_times() -> None:
    harness = Harness()
    harness.types("/keys list")
    for number in range(5):
        harness.runtime.responses.respond(secret_of(harness), {"text": str(number)})
    with pytest.raises(SlackError, match="used_url") as caught:
        harness.runtime.responses.respond(secret_of(harness), {"text": "5"})
    assert caught.value.status == 404
    assert harness.seen() == ["0", "1", "2", "3", "4"]


def test_a_response_url_works_for_half_an_hour() -> None:
    harness = Harness()
    harness.types("/keys list")
    harness.clock.advance(RESPONSE_URL_SECONDS - 1)
    harness.runtime.responses.respond(secret_of(harness), {"text": "Still"})
    harness.clock.advance(1)
    with pytest.raises(SlackError, match="expired_url"):
        harness.runtime.responses.respond(secret_of(harness), {"text": "Not"})
    with pytest.raises(SlackError, match="expired_url"):
        harness.runtime.responses.respond("unknown", {"text": "Not"})


@pytest.mark.parametrize(
    ("answer", "code"), [({}, "no_text"), ({"blocks": [{"type": "odd"}]}, "invalid_blocks")]
)
def test_a_response_url_takes_only_what_slack_would_show(answer: Json, code: str) -> None:
    harness = Harness()
    harness.types("/keys list")
    with pytest.raises(SlackError, match=code) as caught:
        harness.runtime.responses.respond(secret_of(harness), answer)
    assert caught.value.status == 400


def test_the_traffic_holds_no_way_to_answer_for_the_app() -> None:
    harness = Harness()
    harness.types("/keys list")
    entry = harness.traffic.entries()[0]
    assert entry.ok
    assert secret_of(harness) not in str(entry)
    assert harness.install.verification not in str(entry)
