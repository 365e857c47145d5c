"""Every kind of payload is acknowledged: known, unknown, unreadable, or one too many."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt import BoltRequest
from sqlmodel import select

from bot.framework import dispatch
from bot.server import pools
from bot.ui import ids
from bot.ui.payloads import ActionPayload
from keys.changes import live_messages
from storage import reading, writing
from storage.tables import LiveMessageRow
from tests.bot.harness.listening import Bench, buttons

WHO = {
    "user": {"id": "U0ALICE", "team_id": "T0ACME"},
    "team": {"id": "T0ACME"},
    "trigger_id": "t1",
    "response_url": "https://slack.invalid/r",
}
COMMAND = {
    "text": "", "user_id": "U0ALICE", "team_id": "T0ACME", "trigger_id": "t1",
    "response_url": "https://slack.invalid/r",
}  # fmt: skip
OLD = "from an older version"
MODAL = {"id": "V1", "type": "modal", "private_metadata": "", "state": {"values": {}}}


def action(action_id: str, **more: Any) -> dict[str, Any]:
    return {
        **WHO, "type": "block_actions", "actions": [{"block_id": "b", "action_id": action_id}],
    } | more  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        action("a_button_of_old"),
        action(ids.REVOKE),
        {**WHO, "type": "block_actions", "actions": [{"block_id": "b"}]},
        {**WHO, "type": "block_actions", "actions": []},
        {**WHO, "type": "block_actions"},
        {**WHO, "type": "interactive_message", "callback_id": "c", "actions": [{"name": "x"}]},
        {**WHO, "type": "message_action", "callback_id": "c", "message": {"ts": "1.1"}},
        {**WHO, "type": "dialog_submission", "callback_id": "c", "submission": {}},
        {**WHO, "type": "workflow_step_save", "callback_id": "c"},
        {**WHO, "type": "a_kind_that_is_yet_to_come"},
        {**WHO},
    ],
)
def test_a_press_that_this_version_does_not_know_is_answered(
    bench: Bench, body: dict[str, Any]
) -> None:
    assert bench.sends(body) == {}
    (answer,) = bench.answers
    assert OLD in answer["text"]
    assert "/apikeys list" in json.dumps(answer)


@pytest.mark.parametrize("view", [{**MODAL, "callback_id": "a_modal_of_old"}, MODAL, {"id": "V1"}])
def test_an_unknown_modal_is_answered_in_its_acknowledgement(
    bench: Bench, view: dict[str, Any]
) -> None:
    answer = bench.sends({**WHO, "type": "view_submission", "view": view})
    assert OLD in json.dumps(answer["view"])


def test_a_shortcut_is_answered_in_a_modal(bench: Bench) -> None:
    shortcut = {**WHO, "type": "shortcut", "callback_id": "c"}
    del shortcut["response_url"]
    assert bench.sends(shortcut) == {}
    assert OLD in json.dumps(bench.last("views.open")["view"])


@pytest.mark.parametrize(
    ("body", "acknowledgement"),
    [
        ({"type": "view_closed", "view": {**MODAL, "callback_id": ids.NEW_MODAL}}, {}),
        ({"type": "view_closed", "view": {**MODAL, "callback_id": "a_modal_of_old"}}, {}),
        ({"type": "block_suggestion", "action_id": "a", "value": "x"}, {"options": []}),
        ({"type": "dialog_suggestion", "callback_id": "c", "value": "x"}, {"options": []}),
        ({"type": "dialog_cancellation", "callback_id": "c"}, {}),
        ({"type": "workflow_step_edit", "callback_id": "c"}, {}),
    ],
)
def test_what_nobody_reads_an_answer_to_is_only_acknowledged(
    bench: Bench, body: dict[str, Any], acknowledgement: dict[str, Any]
) -> None:
    assert bench.sends({**WHO, **body}) == acknowledgement
    assert bench.answers == []


def test_an_event_that_nothing_handles_is_acknowledged(bench: Bench) -> None:
    for event in ({"type": "reaction_added", "user": "U0BOB"}, {"type": "?"}, {}):
        assert bench.sends({"type": "event_callback", "team_id": "T0ACME", "event": event}) == {}


def test_the_command_is_answered_whatever_the_manifest_names_it(bench: Bench) -> None:
    assert ids.NEW in buttons(bench.sends({**COMMAND, "command": "/keys-staging"})["blocks"])


def test_an_unreadable_button_of_a_key_still_leads_to_the_key(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    value = ActionPayload(bench.domain.clock.now(), key=key.id).encode()
    pressed = action("a_button_of_old")
    pressed["actions"][0]["value"] = value
    bench.sends(pressed)
    bench.presses(buttons(bench.answers[-1]["blocks"])[ids.KEY_CHOICE])
    shown = bench.answers[-1]
    assert "Zapier" in json.dumps(shown)
    assert {ids.RENAME, ids.REVOKE} <= buttons(shown["blocks"]).keys()


def test_an_answer_that_one_person_sees_is_replaced_and_no_other_message(bench: Bench) -> None:
    place = {"type": "message", "message_ts": "1.1", "channel_id": "C1"}
    bench.sends(action("a_button_of_old", container={**place, "is_ephemeral": True}))
    bench.sends(action("a_button_of_old", container={**place, "is_ephemeral": False}))
    assert [answer["replace_original"] for answer in bench.answers] == [True, False]


@pytest.mark.parametrize("closed", [False, True])
def test_a_message_that_is_kept_up_to_date_is_redrawn(bench: Bench, closed: bool) -> None:
    now = bench.domain.clock.now()
    with writing(bench.domain.engine, bench.domain.account) as session:
        live_messages.add(session, "access_request", "ask_1", "team", now)
        live = live_messages.claim(session, now, timedelta(minutes=1))
        assert live is not None
        live_messages.posted(session, live, "C1", "1.1")
        again = None if closed else now.replace(year=now.year + 1)
        live_messages.rendered(session, live, "as it was", now, again)
    elsewhere = {"type": "message", "message_ts": "1.2", "channel_id": "C1"}
    bench.sends(action("a_button_of_old", container=elsewhere))
    assert row(bench).rendered_hash == "as it was"
    nudges = bench.nudges
    bench.sends(action("a_button_of_old", container={**elsewhere, "message_ts": "1.1"}))
    found = row(bench)
    assert (found.rendered_hash, found.closed_at, found.due_at) == ("", None, now)
    assert bench.nudges == nudges + 1


def row(bench: Bench) -> LiveMessageRow:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return session.exec(select(LiveMessageRow)).one()


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools.ListenerThreads, "is_busy", property(lambda _: True))


@pytest.mark.usefixtures("busy")
def test_while_too_much_is_under_way_everybody_is_told_so(bench: Bench) -> None:
    typed = bench.types("new Zapier")
    assert "The app is busy" in typed["text"]
    assert typed["response_type"] == "ephemeral"
    submitted = bench.submits({**MODAL, "callback_id": ids.NEW_MODAL})
    assert submitted["response_action"] == "update"
    assert "The app is busy" in json.dumps(submitted["view"])
    bench.sends(action(ids.LIST))
    assert "The app is busy" in bench.answers[-1]["text"]
    # Nothing was asked of Slack and nothing was opened.
    assert bench.calls.methods() == []


@pytest.mark.usefixtures("busy")
def test_an_event_is_handled_all_the_same(bench: Bench) -> None:
    opened = {"type": "app_home_opened", "user": "U0ALICE", "tab": "home"}
    bench.sends({"type": "event_callback", "team_id": "T0ACME", "event": opened})
    assert bench.calls.methods()[-1] == "views.publish"


def test_what_has_waited_too_long_is_not_begun(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "WAITED_MAX", -1.0)
    assert "The app is busy" in bench.types("list")["text"]


@pytest.mark.parametrize("attribute", ["is_full", "events_are_full"])
def test_beyond_all_bounds_nothing_is_acknowledged(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, attribute: str
) -> None:
    monkeypatch.setattr(pools.ListenerThreads, attribute, property(lambda _: True))
    event = {"type": "event_callback", "team_id": "T0ACME", "event": {"type": "x"}}
    body = event if attribute == "events_are_full" else action(ids.LIST)
    assert bench.app.dispatch(BoltRequest(mode="socket_mode", body=body)).status == 503
