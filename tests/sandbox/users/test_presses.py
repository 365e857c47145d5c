"""Pressing, choosing and answering by response URL."""

from __future__ import annotations

import threading

import pytest

from sandbox.base.errors import SandboxError, SlackError
from sandbox.delivery.response_urls import RESPONSE_URL_SECONDS
from sandbox.state.models import Json, MessageRef
from tests.sandbox.page.demo import button, list_blocks, plain
from tests.sandbox.users.bench import Bench

PRESSED: Json = {"type": "button", "value": "k1"}


def question() -> list[Json]:
    elements = [button("Revoke", "revoke", value="k1", style="danger")]
    return [{"type": "actions", "block_id": "ask", "elements": elements}]


def asked(bench: Bench, only_for: str | None = None, user: str = "Ualice") -> MessageRef:
    where = bench.posted(question(), only_for)
    bench.hands.act(user, where, "ask", "revoke", PRESSED)
    return where


def secret_of(bench: Bench) -> str:
    return str(bench.last()["response_url"].rpartition("/")[2])


def test_a_press_is_told_as_slack_tells_it() -> None:
    bench = Bench()
    where = asked(bench)
    kind, body = bench.delivered[0]
    assert (kind, body["type"]) == ("interactive", "block_actions")
    action = body["actions"][0]
    assert action["text"] == plain("Revoke")
    assert (action["block_id"], action["action_id"]) == ("ask", "revoke")
    assert (action["value"], action["style"]) == ("k1", "danger")
    assert float(action["action_ts"]) == bench.clock.now()
    assert body["container"] == {
        "type": "message",
        "message_ts": where.ts,
        "channel_id": "C1",
        "is_ephemeral": False,
    }
    assert body["message"]["blocks"] == question()
    assert body["user"]["team_id"] == "T1"
    assert bench.triggers.spend(body["trigger_id"]) == "Ualice"


def test_an_ephemeral_message_is_not_in_the_payload() -> None:
    bench = Bench()
    asked(bench, only_for="Ualice")
    assert "message" not in bench.last()
    assert bench.last()["container"]["is_ephemeral"] is True


def test_people_of_another_organisation_can_press() -> None:
    bench = Bench()
    asked(bench, user="Uoskar")
    assert bench.last()["user"]["team_id"] == "T2"


def test_what_is_not_seen_cannot_be_pressed() -> None:
    bench = Bench()
    where = bench.posted(question(), only_for="Ualice")
    for user, action_id in (("Ubob", "revoke"), ("Ualice", "gone")):
        with pytest.raises(SandboxError):
            bench.hands.act(user, where, "ask", action_id, PRESSED)
    bench.hands.reload("Ualice")
    with pytest.raises(SandboxError):
        bench.hands.act("Ualice", where, "ask", "revoke", PRESSED)
    assert bench.delivered == []


def test_a_choice_in_a_menu_and_words_that_dispatch_carry_what_was_chosen() -> None:
    bench = Bench()
    where = bench.posted(list_blocks())
    option = {"text": plain("Rename"), "value": "rename"}
    menu = {"type": "overflow", "selected_option": option}
    bench.hands.act("Ualice", where, "key-Export job", "row", menu)
    assert bench.last()["actions"][0]["selected_option"] == option
    words = {"type": "plain_text_input", "value": "zap"}
    bench.hands.act("Ualice", where, "search", "words", words)
    assert bench.last()["actions"][0]["value"] == "zap"
    assert bench.last()["state"]["values"] == {"search": {"words": words}}


def test_typing_without_enter_tells_nobody() -> None:
    bench = Bench()
    where = bench.posted(list_blocks())
    words = {"type": "plain_text_input", "value": "zap"}
    bench.hands.enter("Ualice", where, "search", "words", words)
    assert bench.delivered == []


def test_a_press_that_is_lost_leaves_slacks_warning_until_the_next_one() -> None:
    bench = Bench()
    bench.faults.drop_next_delivery()
    where = asked(bench)
    assert bench.delivered == []
    message = bench.workspace.messages_for("Ualice", "C1")[0]
    assert message.notices == {
        "Ualice": "Operation timed out. Apps need to respond within 3 seconds."
    }
    bench.hands.act("Ualice", where, "ask", "revoke", PRESSED)
    assert bench.workspace.messages_for("Ualice", "C1")[0].notices == {}


def test_a_doubled_delivery_arrives_twice() -> None:
    bench = Bench()
    bench.faults.double_next_delivery()
    asked(bench)
    assert len(bench.delivered) == 2


def test_an_app_that_hangs_is_waited_for_three_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    free = threading.Event()
    monkeypatch.setattr("sandbox.delivery.dispatcher.ACK_SECONDS", 0.05)

    def hang(body: Json) -> None:
        free.wait(10)

    bench.answer = hang
    try:
        asked(bench)
    finally:
        free.set()
    assert bench.workspace.messages_for("Ualice", "C1")[0].notices["Ualice"].startswith("Operation")


def test_an_app_without_interactivity_hears_of_no_press() -> None:
    bench = Bench(interactivity={"is_enabled": False})
    asked(bench)
    assert bench.delivered == []
    notices = bench.workspace.messages_for("Ualice", "C1")[0].notices
    assert "not configured" in notices["Ualice"]


def test_a_broken_deliverer_is_not_passed_over() -> None:
    bench = Bench()

    def broken(body: Json) -> None:
        raise ZeroDivisionError

    bench.answer = broken
    with pytest.raises(ZeroDivisionError):
        asked(bench)


def test_a_response_url_replaces_and_deletes_what_was_pressed() -> None:
    bench = Bench()
    asked(bench)
    respond = bench.wiring.answers.respond
    respond(secret_of(bench), {"replace_original": True, "text": "Revoked."})
    message = bench.workspace.messages_for("Ubob", "C1")[0]
    assert (message.text, message.blocks, message.revision) == ("Revoked.", [], 2)
    assert message.edited_by == bench.install.bot_user
    respond(secret_of(bench), {"delete_original": True})
    assert bench.seen() == []
    with pytest.raises(SlackError, match="message_not_found"):
        respond(secret_of(bench), {"replace_original": True, "text": "Again"})


def test_an_ephemeral_message_cannot_become_public() -> None:
    bench = Bench()
    asked(bench, only_for="Ualice")
    answer = {"replace_original": True, "response_type": "in_channel", "text": "For all"}
    bench.wiring.answers.respond(secret_of(bench), answer)
    assert bench.seen("Ualice") == ["For all"]
    assert bench.seen("Ubob") == []


def test_a_response_url_adds_a_message_for_the_person_alone() -> None:
    bench = Bench()
    asked(bench)
    bench.wiring.answers.respond(secret_of(bench), {"text": "Done"})
    assert bench.seen("Ualice") == ["Hi", "Done"]
    assert bench.seen("Ubob") == ["Hi"]


def test_a_response_url_works_five_times() -> None:
    bench = Bench()
    bench.types("/keys list")
    for number in range(5):
        bench.wiring.answers.respond(secret_of(bench), {"text": str(number)})
    with pytest.raises(SlackError, match="used_url") as caught:
        bench.wiring.answers.respond(secret_of(bench), {"text": "5"})
    assert caught.value.status == 404
    assert bench.seen() == ["0", "1", "2", "3", "4"]


def test_a_response_url_works_for_half_an_hour() -> None:
    bench = Bench()
    bench.types("/keys list")
    bench.clock.advance(RESPONSE_URL_SECONDS - 1)
    bench.wiring.answers.respond(secret_of(bench), {"text": "Still"})
    bench.clock.advance(1)
    with pytest.raises(SlackError, match="expired_url"):
        bench.wiring.answers.respond(secret_of(bench), {"text": "Not"})
    with pytest.raises(SlackError, match="expired_url"):
        bench.wiring.answers.respond("unknown", {"text": "Not"})


@pytest.mark.parametrize(
    ("answer", "code"), [({}, "no_text"), ({"blocks": [{"type": "odd"}]}, "invalid_blocks")]
)
def test_a_response_url_takes_only_what_slack_would_show(answer: Json, code: str) -> None:
    bench = Bench()
    bench.types("/keys list")
    with pytest.raises(SlackError, match=code) as caught:
        bench.wiring.answers.respond(secret_of(bench), answer)
    assert caught.value.status == 400


def test_the_traffic_holds_no_way_to_answer_for_the_app() -> None:
    bench = Bench()
    bench.types("/keys list")
    entry = bench.traffic.entries()[0]
    assert entry.ok
    assert secret_of(bench) not in str(entry)
    assert bench.install.verification not in str(entry)
