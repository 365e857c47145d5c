"""Each thing that can be typed, for admins and for those who are none, on both ways to Slack.

The real program as a process, the practice Slack, real sockets: Socket Mode and signed HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from threading import Thread

import pytest

from bot.manage_keys.revoke_view import QUESTION
from sandbox.base.errors import SandboxError
from sandbox.users.user import User
from tests.e2e.harness.at_work import World, at_work
from tests.e2e.harness.program import CHANNEL, eventually

pytestmark = pytest.mark.sockets

WITHIN = 15  # seconds; a busy machine is no reason to fail
PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "owner"),
    "carol": ("Carol Clark", "member"),
    "gary": ("Gary Green", "guest"),
    "olga": ("Olga Orlova", "outsider"),
    "dora": ("Dora Dunn", "deactivated"),
}
ROWS = ("new", "new Zapier", "list", "list words", "rename {}", "revoke {}", "show {}", "wrong")
ASK = "You can ask: Alice Adams, Bob Baker."
_numbers = count(1)


@pytest.fixture(scope="module", params=["Socket Mode", "signed HTTP"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder, http = tmp_path_factory.mktemp("program"), request.param == "signed HTTP"
    with at_work(folder, PEOPLE, page=False, http=http) as world:
        yield world


@pytest.fixture
def alice(world: World) -> User:
    return somebody(world, "alice")


def somebody(world: World, name: str) -> User:
    """A person with a fresh window on the team's channel."""
    return world.slack.person(name).reloads().goes_to(CHANNEL)


def a_key(world: World) -> tuple[str, str]:
    """A new key: its name and its token."""
    name = f"Integration {next(_numbers):03}, production"
    return name, world.makes_key(name)


def says_in_channel(world: World) -> str:
    """What everybody can read in the team's channel."""
    return somebody(world, "carol").screen()


# --- an admin ------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["/apikeys", "/apikeys help"])
def test_the_guide(alice: User, typed: str) -> None:
    alice.types(typed).sees("revoke <name or id>", within=WITHIN)
    alice.presses("List keys").person.sees("API keys", within=WITHIN)


def test_new(alice: User, world: World) -> None:
    alice.types("/apikeys new Test").sees("New API key", within=WITHIN)
    alice.submits().sees("In six months, no one will know which test it was for", within=WITHIN)
    name = f"Reports {next(_numbers)}, weekly"
    alice.fills(name=name, scopes=["add new records"], note="For Carol.", owner="carol").submits()
    alice.sees(f"{name} works now", within=WITHIN).closes()
    token = alice.dm.token()
    assert (world.asks(token), world.asks(token, "POST")) == (403, 204)
    alice.sees("It cannot be shown again").presses("I've stored it")
    alice.sees(f"The token of {name} was removed from this message", within=WITHIN)
    alice.never_sees(token)
    eventually(lambda: f"{name}" in says_in_channel(world), "the team is told")


def test_the_name_is_taken(alice: User, world: World) -> None:
    name, _ = a_key(world)
    alice.types(f"/apikeys new {name.upper()}").sees("New API key", within=WITHIN)
    alice.submits().sees("There is already an active key called", within=WITHIN)
    alice.fills(name=f"{name}, second").submits().sees("works now", within=WITHIN)


def test_list_search_and_menus(alice: User, world: World) -> None:
    names = [a_key(world)[0] for _ in range(11)]
    alice.types("/apikeys list integration").sees("1 to 10 of ", within=WITHIN)
    alice.presses("Next")
    alice.sees("11 to ", within=WITHIN).presses("Previous")
    alice.sees("1 to 10 of ", within=WITHIN)
    # More presses on one message than a response URL can be used: each brings its own.
    for page in ("11 to ", "1 to 10 of ") * 3:
        alice.presses("Next" if page == "11 to " else "Previous")
        alice.sees(page, within=WITHIN)
    alice.enters(names[4], into="Search, then press Enter").sees("1 key", within=WITHIN)
    alice.chooses("Details", row=names[4]).person.sees("Who has seen a token", within=WITHIN)
    alice.chooses("Revoke", row=names[4]).person.sees(QUESTION, within=WITHIN)
    alice.chooses("Rename", row=names[4]).person.sees("Rename API key", within=WITHIN)


def test_rename(alice: User, world: World) -> None:
    name, token = a_key(world)
    alice.types(f"/apikeys rename {name} to {name}, renamed").sees("Rename API key", within=WITHIN)
    alice.submits().sees(f"{name} is now {name}, renamed", within=WITHIN)
    assert world.asks(token) == 204


def test_revoke(alice: User, world: World) -> None:
    name, token = a_key(world)
    alice.types(f"/apikeys revoke {name}").sees(QUESTION, within=WITHIN)
    assert world.asks(token) == 204
    alice.presses("Revoke", on=name)
    alice.sees(f"{name} was revoked", within=WITHIN)
    assert world.asks(token) == 401
    with pytest.raises(AssertionError, match="button"):
        alice.presses("Revoke", on=name)
    eventually(lambda: f"{name}" in says_in_channel(world), "the team is told")


def test_cancel(alice: User, world: World) -> None:
    name, token = a_key(world)
    alice.types(f"/apikeys revoke {name}").sees(QUESTION, within=WITHIN)
    alice.presses("Cancel", on=name)
    alice.sees(f"{name} was not revoked", within=WITHIN)
    assert world.asks(token) == 204


def test_show(alice: User, world: World) -> None:
    name, _ = a_key(world)
    alice.types(f"/apikeys show {name}").sees("Who has seen a token", within=WITHIN)
    alice.sees("read existing data").sees("History")


def test_typing_errors_and_unclear_names(alice: User, world: World) -> None:
    name, _ = a_key(world)
    alice.types("/apikeys rvoke x").sees("Did you mean", within=WITHIN)
    alice.types(f"/apikeys show {name[:-3]}xyz").sees("Did you mean one of these", within=WITHIN)
    alice.types("/apikeys show integration").sees("Which one do you mean", within=WITHIN)


# --- who is none ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "row"),
    [*(("gary", row) for row in ROWS), ("carol", "rename {}"), ("carol", "revoke {}")],
)
def test_who_may_not_is_told_whom_to_ask(world: World, who: str, row: str) -> None:
    name, token = a_key(world)
    person = somebody(world, who)
    person.types(f"/apikeys {row.format(name)}").sees(ASK, within=WITHIN)
    assert person.modal is None
    assert world.asks(token) == 204


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("new Zapier, nightly", "Only admins create keys here"),
        # Others of this module have made keys of theirs.
        ("list", "Your API keys"),
        ("list words", "You don't own a key that matches"),
        ("show {}", "You don't own a key"),
        ("help", "Admins create, change and revoke keys"),
    ],
)
def test_a_member_is_offered_to_ask_for_a_key(world: World, row: str, words: str) -> None:
    name, _ = a_key(world)
    person = somebody(world, "carol")
    person.types(f"/apikeys {row.format(name)}").sees(words, within=WITHIN)
    person.presses("Ask for a key").person.sees("What is it for?", within=WITHIN)
    # The name is carried over.
    assert ("Zapier, nightly" in person.screen()) is row.startswith("new")


def test_a_guest_reads_why_not_in_the_guide(world: World) -> None:
    somebody(world, "gary").types("/apikeys help").sees("Guests cannot manage", within=WITHIN)


def test_who_is_of_another_organisation_has_no_such_command(world: World) -> None:
    somebody(world, "olga").types("/apikeys help").sees("/apikeys is not a valid command")


def test_who_is_deactivated_can_do_nothing(world: World) -> None:
    with pytest.raises(SandboxError, match="deactivated"):
        somebody(world, "dora").types("/apikeys help")


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("carol", "You are not an admin of API keys here"),
        ("gary", "Guests cannot manage API keys"),
        ("olga", "Only members of this workspace can manage its API keys"),
    ],
)
def test_no_button_leads_past_the_check(world: World, alice: User, who: str, words: str) -> None:
    name, token = a_key(world)
    alice.types(f"/apikeys revoke {name}").sees(QUESTION, within=WITHIN)
    world.shows_everybody(alice, "Are you sure")
    person = somebody(world, who)
    person.presses("Revoke", on=name)
    person.sees(words, within=WITHIN)
    assert world.asks(token) == 204


def test_whoever_loses_the_role_cannot_submit_what_is_open(world: World) -> None:
    name, token = a_key(world)
    bob = somebody(world, "bob")
    bob.types("/apikeys new Made too late, production").sees("New API key", within=WITHIN)
    other = somebody(world, "alice")
    other.types(f"/apikeys rename {name}").sees("Rename API key", within=WITHIN)
    world.slack.change_role("bob", "member")
    world.slack.change_role("alice", "guest")
    try:
        bob.submits().sees("You are not an admin of API keys here", within=WITHIN)
        other.fills(name="Never called so, production").submits()
        other.sees("Guests cannot manage API keys", within=WITHIN)
    finally:
        world.slack.change_role("bob", "owner")
        world.slack.change_role("alice", "admin")
    alice = somebody(world, "alice")
    alice.types("/apikeys list Made too late").sees("No key matches", within=WITHIN)
    alice.types("/apikeys list Never called so").sees("No key matches", within=WITHIN)
    assert world.asks(token) == 204


# --- twice, together, too late -------------------------------------------------------------------


def test_two_admins_press_revoke_at_the_same_moment(world: World, alice: User) -> None:
    name, token = a_key(world)
    bob = somebody(world, "bob")
    both = (alice, bob)
    for admin in both:
        admin.types(f"/apikeys revoke {name}").sees(QUESTION, within=WITHIN)
    presses = [
        Thread(target=admin.presses, args=("Revoke",), kwargs={"on": name}) for admin in both
    ]
    for press in presses:
        press.start()
    for press in presses:
        press.join()
    states = (f"{name} was revoked by", f"{name} was already revoked by")

    def seen() -> list[str]:
        return sorted(state for admin in both for state in states if state in admin.screen())

    eventually(lambda: len(seen()) == 2, "both see the true state")
    assert seen() == sorted(states)
    assert world.asks(token) == 401
    eventually(lambda: name in says_in_channel(world), "the team is told")


def test_slack_delivers_twice(world: World, alice: User) -> None:
    name = f"Doubled {next(_numbers)}, production"
    alice.types(f"/apikeys new {name}").sees("New API key", within=WITHIN)
    world.slack.faults.double_next_delivery()
    alice.submits().sees(f"{name} works now", within=WITHIN).closes()
    alice.types(f"/apikeys list {name}").sees("1 key", within=WITHIN)
    world.slack.faults.double_next_delivery()
    alice.chooses("Revoke", row=name)
    alice.sees(QUESTION, within=WITHIN)
    world.slack.faults.double_next_delivery()
    alice.presses("Revoke", on=name)
    alice.sees(f"revoked the key {name}", within=WITHIN)
    alice.types(f"/apikeys show {name}").sees("State\nrevoked", within=WITHIN)


def test_a_dm_that_cannot_be_delivered_leaves_no_key(world: World, alice: User) -> None:
    name = f"Undelivered {next(_numbers)}, production"
    alice.types(f"/apikeys new {name}").sees("New API key", within=WITHIN)
    world.slack.faults.error("chat.postMessage", "messages_tab_disabled", times=3)
    try:
        alice.submits().sees("No key was created", within=WITHIN)
        alice.sees("The app's Messages tab is disabled").closes()
    finally:
        world.slack.faults.clear()
    alice.types(f"/apikeys list {name}").sees("No key matches", within=WITHIN)
    alice.types(f"/apikeys new {name}").sees("New API key", within=WITHIN)
    alice.submits().sees(f"{name} works now", within=WITHIN)
