"""Keys that expire at the same moment share one reminder, in which the work itself gets done."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.ui import ids
from keys.base.models import KeyView
from keys.changes import live_messages
from keys.changes.outbox import TEAM
from keys.lifecycle.expiry_reminders import MESSAGE_KIND, SINGLE_MOST, Reminder
from sandbox.text import plain_of_message
from tests.bot.harness.listening import Bench
from tests.bot.harness.working import worker
from tests.keys.conftest import NOON
from tests.keys.lifecycle.test_update import edit, like

DAY = timedelta(days=1)
END = NOON + 40 * DAY


@pytest.fixture(autouse=True)
def conversations(bench: Bench) -> None:
    """Everyone has a conversation of their own."""

    def opened(args: dict[str, Any]) -> dict[str, Any]:
        return {"channel": {"id": f"D-{args['users']}"}}

    bench.calls.replies["conversations.open"] = [opened] * 500


def imported(bench: Bench, count: int, **values: Any) -> list[KeyView]:
    """Keys that expire in 40 days, as an import of one file gives many."""
    return [
        bench.domain.issue(f"Program {number:02}", expires_at=END, **values)[0]
        for number in range(count)
    ]


def follow(bench: Bench, days: int = 0) -> None:
    bench.domain.clock.move(days * DAY)
    working = worker(bench.domain.services, bench.context.slack)
    for _ in range(100):
        if not working.run_once():
            return
    raise AssertionError("there is always something due")


def reminders(bench: Bench, channel: str = "C1") -> list[dict[str, Any]]:
    """The reminders that were posted here."""
    return [
        args
        for name, args in bench.calls.asked
        if name == "chat.postMessage" and args["channel"] == channel and _is_reminder(args["text"])
    ]


def _is_reminder(text: str) -> bool:
    return any(words in text for words in (" expires within", " expire within", " expired"))


def shown(bench: Bench, channel: str = "C1") -> dict[str, Any]:
    """The reminder as it was rendered last."""
    return next(
        args
        for name, args in reversed(bench.calls.asked)
        if name in ("chat.postMessage", "chat.update")
        and args["channel"] == channel
        and "expir" in args["text"]
        and "will not extend" not in args["text"]
    )


def pressed(message: dict[str, Any], action: str, key: KeyView) -> dict[str, Any]:
    return next(
        {"action_id": action, "value": element["value"]}
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == action and json.loads(element["value"])["key"] == key.id
    )


@pytest.mark.parametrize("count", [1, SINGLE_MOST, SINGLE_MOST + 1, 25])
def test_so_many_keys_so_many_messages(bench: Bench, count: int) -> None:
    imported(bench, count, owner="U0BOB")
    expected = count if count <= SINGLE_MOST else 1
    for stage, days in enumerate((11, 23, 5, 2), 1):
        for _ in range(3):  # also after a bot that started again
            follow(bench)
        follow(bench, days)
        follow(bench)
        for channel in ("C1", "D-U0BOB"):
            assert len(reminders(bench, channel)) == stage * expected, channel


def test_it_names_the_keys_and_what_can_be_done_with_each(bench: Bench) -> None:
    keys = imported(bench, 12)
    follow(bench, 11)
    message = shown(bench)
    assert message["text"].startswith("12 API keys expire within 30 days: ")
    assert "Program 00" in message["text"]
    for key in keys[:10]:
        for action in (ids.ROTATE, ids.EXTEND, ids.LET_EXPIRE):
            pressed(message, action, key)
    assert "… and 2 more, which App Home lists." in plain_of_message(message)
    spoken = {
        element["accessibility_label"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    }
    assert len(spoken) == 30, "each button says of which key it is"


def test_each_decision_takes_its_key_out_and_is_counted(bench: Bench) -> None:
    keys = imported(bench, 5)
    follow(bench, 11)
    bench.presses(pressed(shown(bench), ids.LET_EXPIRE, keys[0]), "U0BOB")
    assert "not an admin" in json.dumps(bench.answers[-1])
    bench.presses(pressed(shown(bench), ids.LET_EXPIRE, keys[0]))
    edit(bench.domain, keys[1].id, like(last_day=END.date() + 90 * DAY))
    bench.domain.revoke(keys[2].id)
    bench.domain.rename(keys[3].id, "Another name")
    follow(bench)
    text = plain_of_message(shown(bench))
    assert "2 API keys expire within 30 days" in text
    assert "Decided: 1 left to expire, 1 revoked, 1 with another expiry date." in text
    assert "Another name" in text
    assert all(key.name not in text for key in keys[:4])
    for key in keys[3:]:
        bench.presses(pressed(shown(bench), ids.LET_EXPIRE, key))
    follow(bench)
    assert "3 of 5 API keys expire " in plain_of_message(shown(bench))
    assert not [each for each in shown(bench)["blocks"] if each["type"] == "actions"]
    posted = len(reminders(bench))
    follow(bench, 28)
    assert len(reminders(bench)) == posted, "all of it is decided"


def test_later_reminders_take_over_and_the_last_one_can_bring_a_key_back(bench: Bench) -> None:
    keys = imported(bench, 4)
    follow(bench, 11)
    follow(bench, 23)
    buttons = [ids.EXTEND in json.dumps(args) for args in reminders(bench)]
    assert buttons == [True, True]
    follow(bench, 7)
    over = shown(bench)
    assert over["text"].startswith("4 API keys expired ")
    assert "Their tokens are refused." in over["text"]
    bench.calls.asked.clear()
    edit(bench.domain, keys[0].id, like(last_day=END.date() + 90 * DAY))
    follow(bench)
    # The last of the three has the buttons; the others are true still.
    texts = sorted(args["text"].split(" Jan")[0] for args in updates(bench))
    assert texts == ["3 API keys expired", *["3 of 4 API keys expired"] * 2]
    for key in keys[1:]:
        bench.domain.revoke(key.id)
    follow(bench)
    assert [args["text"].split(" Jan")[0] for args in updates(bench)[-3:]] == [
        "None of 4 API keys expires"
    ] * 3


def updates(bench: Bench) -> list[dict[str, Any]]:
    return [
        args
        for name, args in bench.calls.asked
        if name == "chat.update" and args["channel"] == "C1"
    ]


def test_an_owner_is_told_whom_to_ask(bench: Bench) -> None:
    imported(bench, 4, owner="U0BOB")
    imported_elsewhere = bench.domain.issue("Of Alice", expires_at=END, owner="U0ALICE")[0]
    follow(bench, 11)
    text = plain_of_message(shown(bench, "D-U0BOB"))
    assert "4 API keys expire within 30 days" in text
    assert "ask an admin to extend it" in text
    assert imported_elsewhere.name not in text
    assert not [e for e in shown(bench, "D-U0BOB")["blocks"] if e["type"] == "actions"]
    assert "Of Alice expires within 30 days" in plain_of_message(shown(bench, "D-U0ALICE"))
    assert "5 API keys" in plain_of_message(shown(bench))


def test_an_earlier_versions_reminders_are_not_said_again_together(bench: Bench) -> None:
    """It had begun to post one for each key when this version started."""
    domain = bench.domain
    keys = imported(bench, SINGLE_MOST + 2)
    domain.clock.move(11 * DAY)
    posted = Reminder(keys[0].id, int(END.timestamp()), 30).subject
    domain.write(
        lambda session: live_messages.add(session, MESSAGE_KIND, posted, TEAM, domain.clock.now())
    )
    follow(bench)
    texts = [args["text"] for args in reminders(bench)]
    assert len(texts) == len(keys), "each once"
    assert all("API keys expire" not in text for text in texts)
