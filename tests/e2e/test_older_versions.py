"""What another version of the app has drawn is pressed: the person is told, and it is redrawn.

The practice Slack delivers to the running program, over Socket Mode and by signed HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.state.models import Flow
from tests.e2e.harness.at_work import World, at_work
from tests.e2e.harness.program import CHANNEL, eventually

pytestmark = pytest.mark.sockets

PEOPLE = {"bob": ("Bob", "admin"), "carol": ("Carol", "member")}
OLD = "from an older version"


@pytest.fixture(scope="module", params=[False, True], ids=["by-socket", "by-http"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("older")
    with at_work(folder, PEOPLE, page=False, http=request.param) as made:
        yield made


def button(label: str) -> dict[str, Any]:
    """A block with a button that this version does not have."""
    text = {"type": "plain_text", "text": label}
    element = {"type": "button", "action_id": "a_button_of_old", "text": text}
    return {"type": "actions", "elements": [element]}


def slack_as_the_bot(world: World) -> WebClient:
    return WebClient(token=world.slack.bot_token, base_url=world.slack.api_url)


def channel(world: World) -> str:
    found = world.slack.workspace.channel_named(CHANNEL)
    assert found is not None
    return found.id


def test_an_unknown_button_says_what_to_do_instead(world: World) -> None:
    slack_as_the_bot(world).chat_postMessage(
        channel=channel(world), text="Old", blocks=[button("Archive the key")]
    )
    bob = world.slack.person("bob").goes_to(CHANNEL)
    bob.sees("Archive the key").presses("Archive the key")
    bob.sees(OLD, within=15).sees("/apikeys list")
    bob.presses("Show the guide")
    bob.sees("/apikeys new", within=15)


def test_a_card_that_is_kept_up_to_date_is_redrawn(world: World) -> None:
    carol = world.slack.person("carol").goes_to(CHANNEL)
    carol.types("/apikeys request Reporting script").sees("Ask for an API key", within=15)
    carol.fills(reason="For the report of each night").submits()
    bob = world.slack.person("bob").goes_to(CHANNEL)
    bob.sees("Approve", within=15)
    (card,) = (m for m in messages(world) if "Approve" in str(m.blocks))
    slack_as_the_bot(world).chat_update(
        channel=channel(world), ts=card.ts, text="As it was", blocks=[*card.blocks, button("Grant")]
    )

    def is_redrawn() -> bool:
        # The first press may come before the program has recorded where it posted the card.
        if "Grant" in bob.screen():
            bob.presses("Grant")
            time.sleep(1)
        return "Grant" not in bob.screen()

    eventually(is_redrawn, "the card as it is now")
    bob.sees(OLD, within=15)
    bob.sees("Approve")


def test_an_unknown_modal_is_answered_too(world: World) -> None:
    bob = world.slack.person("bob").goes_to(CHANNEL)
    bob.types("/apikeys new")
    bob.sees("Create key", within=15)
    view = bob._screen.top_view()
    view.body["callback_id"] = "a_modal_of_old"
    bob.fills(Name="Zapier, production", Scopes=["read"]).submits()
    bob.sees(OLD, within=15)
    bob.closes()


def test_nothing_went_unacknowledged(world: World) -> None:
    sent = [each for each in world.slack.traffic.entries() if each.flow is Flow.TO_APP]
    assert {each.status for each in sent} == {200}


def messages(world: World) -> list[Any]:
    return world.slack.workspace.messages_for(world.slack.person("bob").id, channel(world))
