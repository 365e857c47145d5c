"""The same listeners on the practice Slack, which refuses whatever Slack would refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import BoltRequest
from slack_sdk.errors import SlackApiError

from bot.admins import Admins, SlackAdmins, Workspace
from bot.app import build
from bot.blocks import ids
from bot.context import Context
from bot.slack import Calls, SlackClient
from keys import finding
from sandbox.delivering import Ack, NotAcknowledged
from sandbox.model import Json
from sandbox.practice import PracticeSlack
from storage import reading
from tests.bot.fake_slack import refusal
from tests.bot.listening import buttons
from tests.keys.conftest import House, open_test_house

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_test_house(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def slack(house: House) -> Iterator[PracticeSlack]:
    practice = PracticeSlack(MANIFEST)
    practice.add_person("alice", role="admin")
    practice.add_person("bob")

    client = SlackClient(practice_calls(practice))
    admins = Admins(client.quick(), SlackAdmins(), Workspace(practice.team_id), house.clock)
    context = Context(
        engine=house.engine,
        service=house.service,
        slack=client,
        admins=admins,
        account_id=house.account,
        channel="general",
        clock=house.clock,
        token_minutes=15,
        api_url="http://127.0.0.1:8321",
        answers=practice.respond,
    )
    app = build(context, practice.bot_token)

    def deliver(body: Json, kind: str) -> Ack:
        answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
        if answer.status != 200:
            raise NotAcknowledged("http_service_error")
        text = answer.body
        if not text:
            return None
        return json.loads(text) if text.startswith("{") else text

    practice.deliver_with(deliver)
    yield practice
    practice.close()
    app.listener_runner.listener_executor.shutdown()


def practice_calls(practice: PracticeSlack) -> Calls:
    """The practice Slack's Web API, without a socket."""

    def calls(method: str, args: dict[str, Any], *, form: bool, timeout: float) -> dict[str, Any]:
        status, _, body = practice.call(method, args, practice.bot_token)
        answer = dict(body)
        if not answer.get("ok"):
            raise refused(str(answer.get("error")), status, answer)
        return answer

    return calls


def refused(code: str, status: int, answer: dict[str, Any]) -> SlackApiError:
    more = {name: value for name, value in answer.items() if name not in ("ok", "error")}
    return refusal(code, status, **more)


def names(house: House) -> list[str]:
    with reading(house.engine) as session:
        return [key.name for key in finding.page(session, house.account).keys]


def test_a_keys_life(slack: PracticeSlack, house: House) -> None:
    alice = slack.person("alice")
    alice.types("/apikeys new")
    alice.sees("New API key")
    alice.fills(name="Zapier, production").submits()
    alice.sees("works now")
    assert alice.dm.token().startswith("ak_")
    assert names(house) == ["Zapier, production"]
    alice.closes()
    token = alice.dm.token()
    alice.presses(buttons(alice.dm.latest.blocks)[ids.STORED]["text"]["text"])
    alice.sees("was removed from this message").never_sees(token)
    alice.types("/apikeys list").sees("Zapier, production")
    alice.types("/apikeys show zapier").sees("Who was sent the token")
    alice.types("/apikeys revoke zapier").sees("Are you sure")
    alice.presses("Revoke", on="Are you sure")
    alice.sees("Zapier, production was revoked")
    assert names(house) == []


def test_somebody_else_is_told_whom_to_ask(slack: PracticeSlack) -> None:
    bob = slack.person("bob")
    bob.types("/apikeys new").sees("You can ask: ")
    bob.types("/apikeys help").sees("Only admins look after keys here")


def test_the_list_and_its_menu(slack: PracticeSlack, house: House) -> None:
    house.issue("Zapier")
    alice = slack.person("alice")
    alice.types("/apikeys list").chooses("Rename", row="Zapier")
    alice.sees("Rename API key").fills(name="Zapier, production").submits()
    alice.sees("is now")
    assert names(house) == ["Zapier, production"]
