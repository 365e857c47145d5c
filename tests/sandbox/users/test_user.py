"""What people do and see, with a real Slack Bolt app on the other end and no sockets between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from sandbox.base.clock import HeldClock
from sandbox.base.errors import GoneError, SandboxError
from sandbox.sandbox import Sandbox
from sandbox.state.models import Json
from sandbox.users.user import User
from tests.sandbox.bolt_in_process import InProcessClient, deliver_to_bolt
from tests.sandbox.page.demo_app import MANIFEST, TOKEN, Demo, button, plain
from tests.waiting import waits_until


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    slack = Sandbox(MANIFEST, clock=HeldClock())
    yield slack
    slack.close()


@pytest.fixture
def demo(slack: Sandbox) -> Demo:
    client = InProcessClient(slack)
    demo = Demo(client, slack.signing_secret)
    slack.deliver_with(deliver_to_bolt(demo.app, client))
    return demo


@pytest.fixture
def alice(slack: Sandbox, demo: Demo) -> User:
    return slack.add_person("alice", role="admin")


def test_from_a_command_through_a_modal_to_a_token(alice: User, slack: Sandbox, demo: Demo) -> None:
    bob = slack.add_person("bob")
    alice.types("/keys new").sees("New key")
    alice.fills(name="Test", scopes=["Read existing data"], owner=bob).submits()
    assert alice.modal is not None
    assert alice.modal.title == "New key"
    assert alice.modal.errors == {"name": "“Test” says little."}
    alice.sees("says little")
    alice.fills(Name="Zapier, production").submits()
    alice.never_sees("New key")
    # The app sends it after it has acknowledged the submission.
    waits_until(lambda: TOKEN in alice.dm.text)
    assert alice.dm.token() == TOKEN
    bob.never_sees(TOKEN)
    alice.presses("I've stored it")
    alice.sees("Removed after it was stored.").never_sees(TOKEN)
    submitted = dict(demo.told)["submitted"]
    assert submitted["owner"]["selected_user"] == bob.id
    assert [call.status for call in slack.calls("chat.postMessage")] == [200]


def test_a_confirmation_is_asked_before_anything_is_sent(alice: User, slack: Sandbox) -> None:
    dialog = {
        "title": plain("Revoke Zapier?"),
        "text": plain("This cannot be undone."),
        "confirm": plain("Revoke"),
        "deny": plain("Keep it"),
    }
    elements = [button("Revoke", "revoke", confirm=dialog), button("Cancel", "cancel")]
    answer: Json = {"blocks": [{"type": "actions", "elements": elements}]}
    told: list[str] = []

    def app(body: Json, kind: str) -> Json | None:
        if kind == "slash_commands":
            return answer
        told.append(body["actions"][0]["action_id"])
        return None

    slack.deliver_with(app)
    alice.types("/keys ask")
    pressed = alice.presses("Revoke")
    pressed.declines()
    assert told == []
    pressed.confirms()
    assert told == ["revoke"]
    with pytest.raises(AssertionError, match="no confirm dialog"):
        alice.presses("Cancel").confirms()
    assert told == ["revoke", "cancel"]


def test_a_menu_is_chosen_from_in_its_row(alice: User, demo: Demo) -> None:
    alice.types("/keys list")
    alice.chooses("Rename", row="Export job")
    assert dict(demo.told)["row"] == ("key-Export job", "rename")
    with pytest.raises(AssertionError, match="no menu"):
        alice.chooses("Rename", row="Nothing like it")


def test_ephemeral_answers_are_lost_on_reload(alice: User, slack: Sandbox) -> None:
    bob = slack.add_person("bob")
    alice.types("/keys list").sees("Export job")
    bob.never_sees("Export job")
    alice.reloads().never_sees("Export job")


def test_the_home_is_published_when_it_is_opened(alice: User) -> None:
    alice.opens_home().sees("Your keys")


def test_who_waits_in_vain_is_shown_the_screen(alice: User) -> None:
    alice.types("Hello there")
    with pytest.raises(AssertionError, match="Hello there"):
        alice.sees("Goodbye", within=0.01)
    with pytest.raises(AssertionError, match="is on the screen"):
        alice.never_sees("Hello")


def test_who_waits_is_woken_by_what_comes(alice: User, slack: Sandbox) -> None:
    bob = slack.add_person("bob")
    saying = threading.Thread(target=lambda: bob.types("Here I am"))
    saying.start()
    alice.sees("Here I am")
    saying.join(5)


def test_another_organisations_person_has_no_commands(alice: User, slack: Sandbox) -> None:
    oskar = slack.add_person("oskar", role="outsider")
    oskar.types("/keys list").sees("is not a valid command")
    alice.never_sees("is not a valid command")
    status, _, body = slack.call("users.info", {"user": oskar.id}, slack.bot_token)
    assert status == 200
    assert body["user"]["team_id"] == slack.workspace.other_team_id != slack.team_id


def test_roles_show_in_what_the_app_gets(alice: User, slack: Sandbox) -> None:
    def told() -> Json:
        user: Json = slack.call("users.info", {"user": alice.id}, slack.bot_token)[2]["user"]
        return user

    assert told()["is_admin"] is True
    slack.change_role("alice", "guest")
    assert (told()["is_admin"], told()["is_restricted"]) == (False, True)
    slack.deactivate("alice")
    assert told()["deleted"] is True
    with pytest.raises(SandboxError, match="deactivated"):
        alice.types("/keys list")


def test_a_change_of_role_is_an_event(slack: Sandbox) -> None:
    manifest = {
        **MANIFEST,
        "settings": {
            **MANIFEST["settings"],
            "event_subscriptions": {"bot_events": ["user_change"]},
        },
    }
    other = Sandbox(manifest, clock=HeldClock())
    told: list[Json] = []
    other.deliver_with(lambda body, kind: told.append(body["event"]))
    other.add_person("alice", role="admin")
    other.deactivate("alice")
    other.close()
    assert [(e["type"], e["user"]["deleted"]) for e in told] == [("user_change", True)]


def test_names_are_taken_once_and_organisations_kept(slack: Sandbox) -> None:
    slack.add_person("alice")
    slack.add_channel("secrets", members=["alice"], private=True)
    with pytest.raises(SandboxError):
        slack.add_person("alice")
    with pytest.raises(SandboxError):
        slack.add_channel("secrets")
    with pytest.raises(SandboxError):
        slack.change_role("alice", "outsider")
    with pytest.raises(SandboxError):
        slack.person("nobody")
    with pytest.raises(ValueError, match="emperor"):
        slack.add_person("bob", role="emperor")


def test_the_app_posts_where_it_was_invited(alice: User, slack: Sandbox) -> None:
    channel = slack.add_channel("api-keys", members=["alice"])
    words = {"channel": channel, "text": "A key was revoked."}
    assert slack.call("chat.postMessage", words, slack.bot_token)[2]["error"] == "not_in_channel"
    slack.invite_app("api-keys")
    assert slack.call("chat.postMessage", words, slack.bot_token)[2]["ok"] is True
    alice.goes_to("#api-keys").sees("A key was revoked.")
    alice.goes_to("#general").never_sees("A key was revoked.")
    with pytest.raises(AssertionError, match="no channel"):
        alice.goes_to("#nowhere")


def test_a_response_url_answers_in_process(alice: User, slack: Sandbox) -> None:
    told: list[Json] = []
    slack.deliver_with(lambda body, kind: told.append(body))
    alice.types("/standup")
    slack.respond(told[0]["response_url"], {"text": "Good morning"})
    alice.sees("Good morning")


def test_helpful_words_when_there_is_nothing_to_use(alice: User) -> None:
    for attempt in (
        lambda: alice.submits(),
        lambda: alice.fills(name="Zapier"),
        lambda: alice.presses("Revoke"),
        lambda: alice.enters("zap", into="Search"),
        lambda: alice.dm.token(),
        lambda: alice.dm.latest,
    ):
        with pytest.raises(AssertionError, match=r"no|nothing"):
            attempt()


def test_a_press_finds_what_was_rendered_again_in_the_meantime(
    alice: User, slack: Sandbox, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    @demo.app.action("ask")
    def asked(ack: Callable[[], None], action: Json) -> None:
        ack()
        told.append(action["block_id"])

    client = InProcessClient(slack)

    def publish(*elements: Json) -> None:
        # Without a block_id: Slack makes another one each time.
        view = {"type": "home", "blocks": [{"type": "actions", "elements": list(elements)}]}
        client.views_publish(user_id=alice.id, view=view)

    found_first = alice._screen.first_location
    again = [button("Ask", "ask", value="k1")]

    def in_the_meantime(*args: object) -> object:
        location = found_first(*args)  # type: ignore[arg-type]
        publish(*again)
        return location

    alice.opens_home().sees("Your keys")
    publish(button("Ask", "ask", value="k1"))
    monkeypatch.setattr(alice._screen, "first_location", in_the_meantime)
    alice.presses("Ask")
    assert len(told) == 1
    # Another key's button is not the one that was pressed.
    again[:] = [button("Ask", "ask", value="k2")]
    with pytest.raises(GoneError):
        alice.presses("Ask")
    assert len(told) == 1
