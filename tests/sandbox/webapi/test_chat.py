"""Posting, editing, deleting."""

import json
from typing import Any

import pytest

from tests.sandbox.webapi.harness import (
    ALICE,
    BOB,
    GENERAL,
    GONE,
    KEYS,
    OLD,
    OUTSIDER,
    SECRET,
    Harness,
    button,
    changed,
    section,
)


@pytest.fixture
def harness() -> Harness:
    return Harness()


def post(harness: Harness, **args: Any) -> str:
    answer = harness("chat.postMessage", **{"channel": KEYS, "text": "hi", **args})
    assert answer["ok"] is True, answer
    ts: str = answer["ts"]
    return ts


def test_a_message_is_stored_and_emitted(harness: Harness) -> None:
    ts = post(harness, text="hello")
    [message] = harness.messages(KEYS)
    assert (message.ts, message.text, message.bot_id) == (ts, "hello", harness.install.bot_id)
    [(event, channel)] = harness.events
    assert (event["type"], event["text"], event["channel_type"]) == ("message", "hello", "channel")
    assert channel == KEYS


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        (GENERAL, "not_in_channel"),
        (SECRET, "channel_not_found"),
        (OLD, "is_archived"),
        ("C0NOWHERE", "channel_not_found"),
        ("", "channel_not_found"),
        (OUTSIDER, "channel_not_found"),
    ],
)
def test_where_the_app_may_not_post(harness: Harness, channel: str, code: str) -> None:
    assert harness.error("chat.postMessage", channel=channel, text="hi") == code


def test_posting_in_public_with_the_scope_for_it(harness: Harness) -> None:
    harness.install.scopes.add("chat:write.public")
    post(harness, channel="#general")
    assert harness.error("chat.postMessage", channel=SECRET, text="hi") == "channel_not_found"


def test_a_person_is_reached_in_their_dm(harness: Harness) -> None:
    first = harness("chat.postMessage", channel=ALICE, text="psst")
    second = harness("chat.postMessage", channel=ALICE, text="again")
    assert first["channel"] == second["channel"]
    assert first["channel"].startswith("D")
    assert len(harness.workspace.messages_for(ALICE, first["channel"])) == 2
    assert harness.workspace.messages_for(BOB, first["channel"]) == []


def test_without_a_messages_tab_no_one_is_reached() -> None:
    harness = Harness(changed(messages_tab=False))
    assert harness.error("chat.postMessage", channel=ALICE, text="hi") == "messages_tab_disabled"


def test_nothing_to_say(harness: Harness) -> None:
    assert harness.error("chat.postMessage", channel=KEYS) == "no_text"
    assert harness.error("chat.postMessage", channel=KEYS, text=" ") == "no_text"


def test_blocks_in_a_form_are_decoded_and_get_ids(harness: Harness) -> None:
    post(harness, blocks=json.dumps([button()]))
    [block] = harness.messages(KEYS)[0].blocks
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
    assert block["elements"][0]["text"]["emoji"] is True


def test_broken_blocks(harness: Harness) -> None:
    assert harness.error("chat.postMessage", channel=KEYS, blocks="[") == "invalid_blocks_format"
    answer = harness("chat.postMessage", channel=KEYS, blocks=[section("x" * 3001)])
    assert answer["error"] == "invalid_blocks"
    assert "/blocks/0/text" in answer["response_metadata"]["messages"][0]
    assert harness.error("chat.postMessage", channel=KEYS, blocks=[section("x")] * 51) == (
        "invalid_blocks"
    )


def test_long_texts_are_cut_or_refused(harness: Harness) -> None:
    ts = post(harness, text="x" * 40_001)
    assert len(harness.messages(KEYS)[0].text) == 40_000
    assert harness.error("chat.update", channel=KEYS, ts=ts, text="x" * 4001) == "msg_too_long"
    assert harness("chat.update", channel=KEYS, ts=ts, text="x" * 4000)["ok"] is True


def test_threads(harness: Harness) -> None:
    ts = post(harness)
    post(harness, thread_ts=ts)
    assert harness.messages(KEYS)[1].thread_ts == ts
    args = {"channel": KEYS, "text": "hi", "thread_ts": "1.000000"}
    assert harness.error("chat.postMessage", **args) == "thread_not_found"


def test_another_face_needs_its_scope(harness: Harness) -> None:
    answer = harness("chat.postMessage", channel=KEYS, text="hi", username="Somebody")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write.customize")


def test_editing(harness: Harness) -> None:
    ts = post(harness, blocks=[section("old")], metadata={"event_type": "a", "event_payload": {}})
    assert harness("chat.update", channel=KEYS, ts=ts, text="new", blocks=[])["ok"] is True
    [message] = harness.messages(KEYS)
    assert (message.text, message.blocks, message.revision) == ("new", [], 2)
    assert message.edited_by == harness.install.bot_user
    assert message.payload["metadata"]["event_type"] == "a"
    event = harness.events[-1][0]
    assert event["subtype"] == "message_changed"
    assert event["previous_message"]["blocks"][0]["text"]["text"] == "old"


def test_only_its_own_messages(harness: Harness) -> None:
    theirs = harness.says(ALICE, KEYS, "mine").ts
    args = {"channel": KEYS, "ts": theirs}
    assert harness.error("chat.update", **args, text="x") == "cant_update_message"
    assert harness.error("chat.delete", **args) == "cant_delete_message"
    assert harness.error("chat.delete", channel=KEYS, ts="1.1") == "message_not_found"
    assert harness.error("chat.update", channel=KEYS, ts="1.1", text="x") == "message_not_found"


def test_what_lies_in_an_archived_channel_stays_as_it_is(harness: Harness) -> None:
    args = {"channel": KEYS, "ts": post(harness)}
    with harness.workspace.change():
        harness.workspace.channels[KEYS].archived = True
    assert harness.error("chat.update", **args, text="x") == "is_inactive"
    assert harness.error("chat.delete", **args) == "is_inactive"
    assert len(harness.messages(KEYS)) == 1


def test_rich_text_gives_way_to_rich_text_alone(harness: Harness) -> None:
    piece = {"type": "text", "text": "old"}
    line = {"type": "rich_text_section", "elements": [piece]}
    rich = {"type": "rich_text", "elements": [line]}
    args = {"channel": KEYS, "ts": post(harness, blocks=[rich])}
    error = harness.error("chat.update", **args, text="x", blocks=[section("new")])
    assert error == "block_mismatch"
    assert harness("chat.update", **args, text="x", blocks=[rich, section("new")])["ok"] is True


def test_deleting(harness: Harness) -> None:
    ts = post(harness)
    assert harness("chat.delete", channel=KEYS, ts=ts)["ts"] == ts
    assert harness.messages(KEYS) == []
    assert harness.events[-1][0]["deleted_ts"] == ts
    assert harness.error("chat.delete", channel=KEYS, ts=ts) == "message_not_found"


def test_ephemeral_messages_are_seen_by_one(harness: Harness) -> None:
    answer = harness("chat.postEphemeral", channel=KEYS, user=ALICE, text="psst")
    [seen] = harness.workspace.messages_for(ALICE, KEYS)
    assert seen.ts == answer["message_ts"]
    assert harness.workspace.messages_for(BOB, KEYS) == []
    assert harness.events == []
    ts = seen.ts
    assert harness.error("chat.update", channel=KEYS, ts=ts, text="x") == "message_not_found"
    assert harness.error("chat.delete", channel=KEYS, ts=ts) == "message_not_found"


def test_ephemeral_messages_only_for_members(harness: Harness) -> None:
    args = {"channel": KEYS, "text": "psst"}
    assert harness.error("chat.postEphemeral", **args, user=BOB) == "user_not_in_channel"
    assert harness.error("chat.postEphemeral", **args) == "invalid_arguments"
    assert harness.error("chat.postEphemeral", channel=GENERAL, user=BOB, text="x") == (
        "not_in_channel"
    )


def test_a_link_to_a_message(harness: Harness) -> None:
    ts = post(harness)
    link = harness("chat.getPermalink", channel=KEYS, message_ts=ts)["permalink"]
    assert link == f"https://acme.slack.com/archives/{KEYS}/p{ts.replace('.', '')}"
    assert harness.error("chat.getPermalink", channel=KEYS, message_ts="1.1") == "message_not_found"


def test_a_link_into_a_thread(harness: Harness) -> None:
    root = post(harness)
    reply = post(harness, thread_ts=root)
    link = harness("chat.getPermalink", channel=KEYS, message_ts=reply)["permalink"]
    assert link.startswith("https://acme.slack.com/archives/")
    assert link.endswith(f"p{reply.replace('.', '')}?thread_ts={root}&cid={KEYS}")


def test_no_link_to_what_one_person_sees(harness: Harness) -> None:
    ts = harness("chat.postEphemeral", channel=KEYS, user=ALICE, text="psst")["message_ts"]
    assert harness.error("chat.getPermalink", channel=KEYS, message_ts=ts) == "message_not_found"


def test_slacks_own_words_are_not_the_apps(harness: Harness) -> None:
    ts = post(harness)
    harness.messages(KEYS)[0].by_slack = True
    assert harness.error("chat.delete", channel=KEYS, ts=ts) == "cant_delete_message"


def test_the_dm_of_a_deactivated_user(harness: Harness) -> None:
    channel = harness("chat.postMessage", channel=ALICE, text="hi")["channel"]
    harness.workspace.accounts[ALICE].deleted = True
    # Slack accepts it (slackapi/python-slack-sdk#1156): no error says that nobody reads it.
    assert harness("chat.postMessage", channel=channel, text="hi")["ok"]
    assert harness("chat.postMessage", channel=GONE, text="hi")["ok"]


def test_what_an_edit_keeps(harness: Harness) -> None:
    old = [{"text": "attached"}]
    ts = post(harness, text="old", blocks=[section("block")], attachments=old)
    args = {"channel": KEYS, "ts": ts}
    harness("chat.update", **args, attachments=[{"text": "other"}])
    [message] = harness.messages(KEYS)
    assert (message.text, len(message.blocks)) == ("old", 1)
    assert message.payload["attachments"][0]["text"] == "other"
    harness("chat.update", **args, text="new")
    assert (message.text, message.blocks) == ("new", [])
    assert message.payload["attachments"][0]["text"] == "other"
    harness("chat.update", **args, text="new", attachments=[])
    assert "attachments" not in message.payload
    assert harness.error("chat.update", **args) == "no_text"


def test_edited_is_shown_for_texts_alone(harness: Harness) -> None:
    ts = post(harness)
    [message] = harness.messages(KEYS)
    harness("chat.update", channel=KEYS, ts=ts, text="a", blocks=[section("a")])
    assert message.edited_ts is None
    harness("chat.update", channel=KEYS, ts=ts, text="b")
    assert message.edited_ts is not None
