"""The same listeners on the practice Slack, which refuses whatever Slack would refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import BoltRequest
from slack_sdk.errors import SlackApiError

from bot.app import build
from bot.authorization.admins import Admins, SlackAdmins, Workspace
from bot.framework.context import Context
from bot.slack_api.client import SlackClient
from bot.slack_api.transport import Calls
from bot.ui import ids
from keys.search import search
from sandbox.delivery.dispatcher import Ack, NotAcknowledged
from sandbox.sandbox import Sandbox
from sandbox.state.input_values import state_values
from sandbox.state.models import Json, StateValues
from sandbox.users.user import User
from storage import reading
from tests.bot.harness.fake_slack import FakeTime, refusal
from tests.bot.harness.listening import buttons
from tests.keys.conftest import Domain, open_test_application

SECOND = timedelta(seconds=1)
MANIFEST = Path(__file__).parents[2] / "manifest.yml"


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def slack(domain: Domain) -> Iterator[Sandbox]:
    practice = Sandbox(MANIFEST)
    practice.add_person("alice", role="admin")
    practice.add_person("bob")

    time = FakeTime()
    client = SlackClient(practice_calls(practice), sleep=time.sleep, monotonic=time.monotonic)
    admins = Admins(client.quick(), SlackAdmins(), Workspace(practice.team_id), domain.clock)
    context = Context(
        services=domain.services,
        slack=client,
        admins=admins,
        channel="general",
        token_minutes=15,
        api_url="http://127.0.0.1:8321",
        respond_to_url=practice.respond,
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


def practice_calls(practice: Sandbox) -> Calls:
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


def names(domain: Domain) -> list[str]:
    with reading(domain.engine, domain.account) as session:
        return [key.name for key in search.page(session).keys]


def test_a_keys_life(slack: Sandbox, domain: Domain) -> None:
    alice = slack.person("alice")
    alice.types("/apikeys new")
    alice.sees("New API key")
    alice.fills(name="Zapier, production").submits()
    alice.sees("works now")
    assert alice.dm.token().startswith("ak_")
    assert names(domain) == ["Zapier, production"]
    alice.closes()
    token = alice.dm.token()
    alice.presses(buttons(alice.dm.latest.blocks)[ids.STORED]["text"]["text"])
    alice.sees("was removed from this message").never_sees(token)
    alice.types("/apikeys list").sees("Zapier, production")
    alice.types("/apikeys show zapier").sees("Who has seen a token")
    alice.types("/apikeys revoke zapier").sees("Are you sure")
    alice.presses("Revoke", on="Are you sure")
    alice.sees("Zapier, production was revoked")
    assert names(domain) == []


def test_somebody_else_is_told_whom_to_ask(slack: Sandbox) -> None:
    bob = slack.person("bob")
    bob.types("/apikeys revoke Zapier").sees("You can ask: ")
    bob.types("/apikeys new Zapier, production").sees("Only admins create keys here")
    bob.types("/apikeys help").sees("Admins create, change and revoke keys")


def test_the_list_and_its_menu(slack: Sandbox, domain: Domain) -> None:
    domain.issue("Zapier")
    alice = slack.person("alice")
    alice.types("/apikeys list").chooses("Rename", row="Zapier")
    alice.sees("Rename API key").fills(name="Zapier, production").submits()
    alice.sees("is now")
    assert names(domain) == ["Zapier, production"]


def entered(person: User) -> dict[str, Any]:
    """What stands in the modal's inputs, by the name of the input."""
    assert person.modal is not None
    view = person.modal.view
    found = {}
    for block_id, elements in state_values(view.blocks, view.values).items():
        (value,) = elements.values()
        held = next(held for what, held in value.items() if what != "type")
        many = isinstance(held, list)
        found[ids.unversioned(block_id)] = [one["value"] for one in held] if many else held
    return found


def edited(domain: Domain, key_id: str) -> Json:
    """What the edit form would hold for the key as it stands."""
    with reading(domain.engine, domain.account) as session:
        key = search.get(session, key_id)
    return {
        ids.SCOPES: list(key.scopes),
        ids.OWNER: key.owner,
        ids.BACKUP_OWNER: key.backup_owner,
        ids.NOTE: key.note,
        ids.NETWORKS: "\n".join(key.networks),
        ids.RATE: key.rate_limit,
        ids.LAST_DAY: (key.expires_at - SECOND).date().isoformat() if key.expires_at else None,
    }


def test_the_second_of_two_admins_sees_what_the_first_saved(slack: Sandbox, domain: Domain) -> None:
    slack.add_person("carol", role="admin")
    alice, carol = slack.person("alice"), slack.person("carol")
    key, _ = domain.issue("Zapier", owner=alice.id, scopes=("read",))
    for admin in (alice, carol):
        admin.types("/apikeys edit Zapier").sees("Edit API key")
    carol.fills(
        scopes=["write"], owner="carol", backup_owner="alice", note="Carol's",
        networks="192.0.2.0/24", rate="7/minute", last_day="2098-01-01",
    )  # fmt: skip
    alice.fills(
        scopes=["read", "write"], owner="alice", backup_owner="bob", note="Alice's",
        networks="10.1.0.0/16", rate="100/minute", last_day="2099-12-31",
    )  # fmt: skip
    alice.submits().sees("Saved")
    saved = edited(domain, key.id)
    assert saved[ids.NOTE] == "Alice's"
    carol.submits().sees("changed this key in the meantime")
    assert entered(carol) == saved
    carol.submits().sees("already has these values")
    assert edited(domain, key.id) == saved


def test_a_form_that_was_redrawn_is_read_refused_and_redrawn_again(
    slack: Sandbox, domain: Domain
) -> None:
    slack.add_person("carol", role="admin")
    alice, carol = slack.person("alice"), slack.person("carol")
    key, _ = domain.issue("Zapier", owner=alice.id, scopes=("read",))
    carol.types("/apikeys edit Zapier").sees("Edit API key")
    for note in ("first", "second", "third"):
        alice.types("/apikeys edit Zapier").sees("Edit API key")
        alice.fills(note=note).submits().sees("Saved").closes()
        carol.fills(Note="Carol's").submits()
        assert entered(carol)[ids.NOTE] == note
    carol.fills(Rate_limit="often").submits()
    assert carol.modal is not None
    ((block_id, why),) = carol.modal.errors.items()
    assert (ids.unversioned(block_id), "100/minute" in why) == (ids.RATE, True)
    carol.fills(Rate_limit="5/minute").submits().sees("rate limit")
    after = edited(domain, key.id)
    assert (after[ids.NOTE], after[ids.RATE]) == ("third", "5/minute")


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("new", {"note": "For invoices", "scopes": ["write"]}),
        ("request", {"reason": "For invoices", "scopes": ["write"]}),
        ("rename Zapier", {}),
    ],
)
def test_advice_leaves_what_was_filled_in(
    slack: Sandbox, domain: Domain, command: str, more: dict[str, Any]
) -> None:
    domain.issue("Zapier")
    alice = slack.person("alice")
    alice.types(f"/apikeys {command}").sees("Up to 80 characters")
    alice.fills(name="test", **more)
    before = entered(alice)
    assert before[ids.NAME] == "test"
    alice.submits().sees("Use this name anyway")
    assert entered(alice) == before | {ids.ANYWAY: []}


def newest(slack: Sandbox, person: User) -> list[Json]:
    """The blocks of the newest message that the person sees in #general."""
    general = next(c.id for c in slack.workspace.channels.values() if c.name == "general")
    return slack.workspace.messages_for(person.id, general)[-1].blocks


def box(blocks: list[Json], values: StateValues, action: str) -> tuple[str, str | None]:
    """The block_id of the search box among these blocks, and what stands in it."""
    for block_id, elements in state_values(blocks, values).items():
        if action in elements:
            return block_id, elements[action]["value"]
    raise AssertionError("there is no search box")


def test_the_search_box_of_home_shows_what_was_searched_for(slack: Sandbox, domain: Domain) -> None:
    key, token = domain.issue("Zapier")
    domain.issue("Make")
    alice = slack.person("alice")
    alice.opens_home().sees("1 to 2 of 2")

    def shown() -> str | None:
        home = slack.workspace.home_of(alice.id)
        assert home is not None
        return box(home.blocks, home.values, ids.HOME_SEARCH)[1]

    # The same token again and again: the box shows its hint at last, never the token.
    for _ in range(3):
        alice.enters(token.reveal(), into="Search, then press Enter").sees("1 to 1 of 1")
        with slack.workspace.changed:
            assert slack.workspace.changed.wait_for(lambda: shown() == key.hint, 5), (
                "the token stayed in the box"
            )


def test_the_search_box_of_the_list_is_a_new_one_for_another_search(
    slack: Sandbox, domain: Domain
) -> None:
    domain.issue("Zapier")
    domain.issue("Make")
    alice = slack.person("alice")

    def shown() -> tuple[str, str | None]:
        return box(newest(slack, alice), {}, ids.SEARCH)

    alice.types("/apikeys list").sees("2 keys")
    everything = shown()
    alice.enters("zap", into="Search, then press Enter").sees("1 key")
    found = shown()
    alice.presses("Show all keys")
    alice.sees("2 keys")
    assert (everything[1], found[1]) == (None, "zap")
    assert shown() == everything
    assert found[0] != everything[0]


@pytest.mark.parametrize("role", ["guest", "single_channel_guest", "deactivated"])
def test_who_is_no_longer_a_full_member_is_given_no_key(
    slack: Sandbox, domain: Domain, role: str
) -> None:
    """The practice Slack changes the person; what it then says of them is its own."""
    alice = slack.person("alice")
    mei = slack.add_person("mei")
    domain.issue("Zapier", owner=alice.id)
    alice.types("/apikeys edit Zapier").sees("Backup owner")
    slack.change_role("mei", role)
    alice.fills(owner=mei.id).submits()
    alice.sees("guests and bots cannot own a key")
    with reading(domain.engine, domain.account) as session:
        assert [key.owner for key in search.page(session).keys] == [alice.id]
    slack.change_role("mei", "member")
    alice.submits().sees("Saved: owner of")
    with reading(domain.engine, domain.account) as session:
        assert [key.owner for key in search.page(session).keys] == [mei.id]
