"""What admins see in App Home while the channel is lost, and how they choose another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count as counting
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.ui import ids
from keys.base.actors import Actor
from keys.changes.authorization import Caller, Role
from keys.operations import Ask, ReportChannelLost, execute
from keys.search import search
from keys.team_channel import channel
from sandbox.text import plain_of_view
from storage.tables import AccessRequest
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import PEOPLE, Bench, buttons
from tests.bot.home.test_handlers import presses

_numbers = counting(1)
SYSTEM = Caller.system("slack")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.calls.replies |= {
        "chat.scheduleMessage": [
            lambda args: {"channel": args["channel"], "scheduled_message_id": "Q1"}
        ],
        "chat.deleteScheduledMessage": [{}],
    }
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def home(bench: Bench, user: str = "U0ALICE") -> str:
    event = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": "home"}
    numbered = f"Ev{next(_numbers)}"
    bench.sends(
        {"type": "event_callback", "event_id": numbered, "team_id": "T0ACME", "event": event}
    )
    return json.dumps(bench.last("views.publish")["view"], ensure_ascii=False)


def choose(bench: Bench, channel_id: str, user: str = "U0ALICE") -> None:
    bench.sends(
        {
            "type": "block_actions",
            "user": {"id": user, "team_id": PEOPLE[user]["team_id"]},
            "team": {"id": "T0ACME"},
            "trigger_id": "t2",
            "view": {"id": "V9", "type": "home"},
            "actions": [
                {
                    "type": "conversations_select",
                    "block_id": "b",
                    "action_id": ids.CHANNEL_CHOOSE,
                    "selected_conversation": channel_id,
                }
            ],
        }
    )


def lose(bench: Bench, fault: str = "archived") -> None:
    report = ReportChannelLost(channel="C1", fault=fault)
    assert execute(bench.context.services, SYSTEM, report, wait=0).value


def state(bench: Bench) -> channel.TeamChannel:
    with bench.context.reading() as session:
        return channel.read(session)


@pytest.mark.parametrize(
    ("fault", "what", "to_do"),
    [
        ("archived", "it is archived", "Unarchive the channel, or choose another"),
        ("not_a_member", "the app is not in it", "/invite @API keys"),
        ("not_found", "it is private or was deleted", "If the channel is private"),
        ("restricted", "the app may not post there", "Ask an admin of the workspace"),
    ],
)
def test_home_says_to_admins_what_is_wrong_and_what_to_do(
    bench: Bench, fault: str, what: str, to_do: str
) -> None:
    lose(bench, fault)
    shown = home(bench)
    assert what in shown
    assert to_do in shown
    assert "I can't post" not in home(bench, "U0BOB")


def test_an_admin_chooses_another_channel(bench: Bench) -> None:
    lose(bench)
    choose(bench, "C0NEW")
    assert (state(bench).channel_id, state(bench).is_lost) == ("C0NEW", False)
    assert "I can't post" not in home(bench)


def test_a_channel_in_which_nothing_can_be_posted_is_not_chosen(bench: Bench) -> None:
    lose(bench)
    bench.calls.replies["chat.scheduleMessage"] = [refusal("not_in_channel")]
    choose(bench, "C0NEW")
    assert state(bench).is_lost
    assert "Type /invite there" in str(bench.last("views.open")["view"])


def test_a_member_chooses_no_channel(bench: Bench) -> None:
    lose(bench)
    choose(bench, "C0NEW", "U0BOB")
    assert state(bench).is_lost


def ask(bench: Bench, user: str, name: str) -> str:
    member = Caller(Actor.person(user), frozenset({Role.MEMBER}))
    asked = Ask(name=name, scopes=("read",), reason=f"For {name}", idempotency_key=name)
    return execute(bench.context.services, member, asked, wait=0).value.id


def pressable(view: str) -> list[Any]:
    blocks = json.loads(view)["blocks"]
    return [
        element
        for block in blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] in (ids.REQUEST_APPROVE, ids.REQUEST_DENY)
    ]


def test_requests_wait_in_home_and_are_decided_there(bench: Bench) -> None:
    ask(bench, "U0BOB", "Reporting script")
    view = home(bench)
    assert "1 request waits for you" in view
    assert "For Reporting script" in view
    approve, _ = pressable(view)
    presses(bench, approve, "U0ALICE")
    with bench.context.reading() as session:
        assert [key.name for key in search.page(session).keys] == ["Reporting script"]
    assert "request waits" not in home(bench)


def test_a_member_sees_their_open_requests_in_home_and_withdraws_one(bench: Bench) -> None:
    ask(bench, "U0BOB", "Reporting script")
    ask(bench, "U0CARL", "Of Carl")
    view = home(bench, "U0BOB")
    assert "You asked for Reporting script, " in plain_of_view(json.loads(view))
    assert "Of Carl" not in view
    withdraw = buttons(json.loads(view)["blocks"])[ids.REQUEST_WITHDRAW]
    presses(bench, withdraw, "U0BOB")
    assert "Reporting script" not in home(bench, "U0BOB")
    with bench.context.reading() as session:
        requests = session.exec(select(AccessRequest)).all()
    assert {each.name: each.state for each in requests} == {
        "Reporting script": "closed",
        "Of Carl": "open",
    }


def test_an_admin_does_not_decide_on_their_own_request(bench: Bench) -> None:
    ask(bench, "U0ALICE", "Mine")
    view = home(bench)
    assert "You can't approve your own request." in view
    assert pressable(view) == []


def test_many_requests_leave_room_for_the_keys(bench: Bench) -> None:
    for number in range(5):
        ask(bench, "U0BOB", f"Of Bob {number}")
        ask(bench, "U0CARL", f"Of Carl {number}")
    view = home(bench)
    assert "10 requests wait" in view
    assert "… and 5 more." in view
    assert len(pressable(view)) == 10
