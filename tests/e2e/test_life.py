"""The whole life of a key in Slack: the real program, the practice Slack, real sockets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

import pytest

from sandbox.users.user import User
from tests.e2e.harness.at_work import World, at_work, token_of
from tests.e2e.harness.program import CHANNEL, eventually

pytestmark = pytest.mark.sockets

WITHIN = 15  # seconds; a busy machine is no reason to fail
PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "owner"),
    "carol": ("Carol Clark", "member"),
    "gary": ("Gary Green", "guest"),
}
_TOKEN = re.compile(r"ak_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
_numbers = count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with at_work(tmp_path_factory.mktemp("program"), PEOPLE, page=False) as world:
        yield world


@pytest.fixture(scope="module")
def revealing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("revealing")
    with at_work(folder, PEOPLE, page=False, APIKEYS_DELIVERY="reveal") as world:
        yield world


def somebody(world: World, name: str) -> User:
    """A person with a fresh window on the team's channel."""
    return world.slack.person(name).reloads().goes_to(CHANNEL)


def a_name() -> str:
    return f"Integration {next(_numbers):03}, production"


def a_key(world: World) -> tuple[str, str]:
    """A new key: its name and its token."""
    name = a_name()
    return name, world.makes_key(name)


def answers(world: World, token: str, status: int) -> None:
    """The gateway says this to the token, as soon as it knows."""
    eventually(lambda: world.asks(token) == status, f"the token is answered with {status}")


# --- rotate --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["command", "menu", "details"])
def test_rotate_and_end_the_old_token(world: World, way: str) -> None:
    name, old = a_key(world)
    alice = somebody(world, "alice")
    if way == "command":
        alice.types(f"/apikeys rotate {name}")
    elif way == "menu":
        alice.types(f"/apikeys list {name}").sees("1 key", within=WITHIN)
        alice.chooses("Rotate", row=name)
    else:
        alice.types(f"/apikeys show {name}").sees("History", within=WITHIN)
        alice.presses("Rotate", on=name)
    alice.sees("Rotate API key", within=WITHIN)
    alice.fills(recipient="carol").submits().sees("has a new token", within=WITHIN).closes()
    carol = somebody(world, "carol")
    new = token_of(carol)
    assert new != old
    answers(world, new, 204)
    assert world.asks(old) == 204
    alice.never_sees(new).sees(f"@Alice Adams rotated {name}", within=WITHIN)
    carol.presses("End now", on=name).confirms()
    carol.sees("You are not an admin of API keys here", within=WITHIN)
    assert world.asks(old) == 204
    alice.presses("Extend by a day", on=name)
    alice.presses("End now", on=name).confirms()
    answers(world, old, 401)
    assert world.asks(new) == 204
    alice.sees(f"{name} was rotated. The old token was revoked by @Alice Adams", within=WITHIN)


def test_a_rotation_without_grace_ends_the_old_token_at_once(world: World) -> None:
    name, old = a_key(world)
    alice = somebody(world, "alice")
    alice.types(f"/apikeys rotate {name}").sees("Rotate API key", within=WITHIN)
    alice.fills(grace="Revoke the old token immediately").submits()
    alice.sees("is refused from now on", within=WITHIN).closes()
    answers(world, old, 401)


def test_a_guest_is_refused_as_the_one_to_get_the_token(world: World) -> None:
    name, _ = a_key(world)
    alice = somebody(world, "alice")
    alice.types(f"/apikeys rotate {name}").sees("Rotate API key", within=WITHIN)
    alice.fills(recipient="gary").submits().sees("Choose a full member", within=WITHIN)


# --- edit ----------------------------------------------------------------------------------------


def test_edit_reaches_the_gateway_and_two_admins_do_not_overwrite(world: World) -> None:
    name, token = a_key(world)
    assert world.asks(token, "POST") == 403
    alice, bob = somebody(world, "alice"), somebody(world, "bob")
    for admin in (alice, bob):
        admin.types(f"/apikeys list {name}").sees("1 key", within=WITHIN)
        admin.chooses("Edit", row=name).person.sees("Edit API key", within=WITHIN)
    alice.fills(
        scopes=["read existing data", "add new records"], backup_owner="carol", note="Invoices",
        networks="127.0.0.0/8", rate="1000/minute", last_day="2099-12-31",
    ).submits()  # fmt: skip
    alice.sees("Saved", within=WITHIN).sees("1 of 1 gateway confirmed").closes()
    answers(world, token, 204)
    assert world.asks(token, "POST") == 204
    bob.fills(note="Mine").submits().sees("@Alice Adams changed this key", within=WITHIN).closes()
    alice.types(f"/apikeys show {name}").sees("Note: Invoices", within=WITHIN)
    alice.sees("backup @Carol Clark")


def test_what_is_wrong_is_said_at_its_field(world: World) -> None:
    name, _ = a_key(world)
    alice = somebody(world, "alice")
    alice.types(f"/apikeys edit {name}").sees("Edit API key", within=WITHIN)
    alice.fills(rate="often", networks="10.1.2.3/16").submits()
    alice.sees("Did you mean 10.1.0.0/16", within=WITHIN).sees("such as “100/minute”")


# --- request -------------------------------------------------------------------------------------


def ask(world: World, who: str, name: str) -> User:
    person = somebody(world, who)
    person.types(f"/apikeys request {name}").sees("Ask for an API key", within=WITHIN)
    person.fills(reason="For the invoices").submits()
    return person.sees("You have asked for", within=WITHIN).closes()


def test_a_request_is_approved_and_the_token_goes_to_who_asked(world: World) -> None:
    name = a_name()
    carol = ask(world, "carol", name)
    alice, bob = somebody(world, "alice"), somebody(world, "bob")
    alice.sees(f"@Carol Clark asks for the key {name}", within=WITHIN)
    carol.presses("Approve", on=name).person.sees("You are not an admin", within=WITHIN)
    bob.presses("Approve", on=name)
    eventually(lambda: bool(_TOKEN.search(carol.dm.text)), "Carol has the token")
    token = token_of(carol)
    answers(world, token, 204)
    for admin in (alice, bob):
        admin.sees("@Bob Baker approved this", within=WITHIN).never_sees(token)
    carol.sees("You got the token", within=WITHIN)


def test_a_request_is_approved_with_changes_and_its_message_alone_says_so(world: World) -> None:
    name = a_name()
    carol = somebody(world, "carol")
    carol.types(f"/apikeys new {name}").sees("Only admins create keys here", within=WITHIN)
    carol.presses("Ask for a key", on="Only admins create keys here")
    carol.sees("What is it for?", within=WITHIN).sees(name)
    carol.fills(reason="Invoices", scopes=["read existing data", "add new records"]).submits()
    carol.sees("You have asked for", within=WITHIN).closes()
    alice = somebody(world, "alice").sees("write access, works until revoked", within=WITHIN)
    alice.presses("Approve with changes…", on=name)
    alice.sees("What programs may do with the key", within=WITHIN)
    alice.fills(scopes=["read existing data"], last_day="2190-06-30").submits()
    alice.sees("approved this with changes", within=WITHIN).closes()
    eventually(lambda: bool(_TOKEN.search(carol.dm.text)), "Carol has the token")
    token = token_of(carol)
    assert (world.asks(token), world.asks(token, "POST")) == (204, 403)
    alice.sees("Only the requester got the token", within=WITHIN)
    alice.never_sees(f"created the key {name}").never_sees(token)
    carol.sees("It may read existing data, until Jun 30, 2190.", within=WITHIN)


def test_a_request_is_denied_with_a_reason(world: World) -> None:
    name = a_name()
    carol = ask(world, "carol", name)
    alice = somebody(world, "alice").sees(name, within=WITHIN)
    alice.presses("Deny", on=name).person.sees("Deny the request", within=WITHIN)
    alice.fills(reason="You have one already").submits()
    alice.sees("denied this", within=WITHIN).closes()
    carol.sees("Reason: You have one already", within=WITHIN)


def test_nobody_decides_their_own(world: World) -> None:
    name = a_name()
    alice = ask(world, "alice", name).sees(f"asks for the key {name}", within=WITHIN)
    alice.presses("Approve", on=name)
    alice.sees("This is your own request", within=WITHIN)


def test_a_guest_cannot_ask(world: World) -> None:
    gary = somebody(world, "gary")
    gary.types("/apikeys request Zapier").sees("Guests cannot manage API keys", within=WITHIN)
    assert gary.modal is None


# --- check ---------------------------------------------------------------------------------------


def test_a_token_is_checked_and_not_kept(world: World) -> None:
    name, token = a_key(world)
    alice = somebody(world, "alice")
    alice.types("/apikeys check").sees("Check a token", within=WITHIN)
    alice.fills(pasted_token=f'"{token}"').submits()
    alice.sees("quotation marks", within=WITHIN).sees(f"This token of {name} works")
    alice.presses("Details").person.sees("Who has seen a token", within=WITHIN)
    alice.closes().closes()
    alice.types(f"/apikeys revoke {name}").sees("Are you sure", within=WITHIN)
    alice.presses("Revoke", on=name).person.sees(f"{name} was revoked", within=WITHIN)
    alice.types("/apikeys help").presses("Check a token")
    alice.sees("The token that does not work", within=WITHIN)
    alice.fills(pasted_token=token).submits()
    alice.sees("was revoked by @Alice Adams", within=WITHIN)


def test_a_member_checks_their_own_token_and_learns_nothing_of_others(world: World) -> None:
    name, token = a_key(world)
    own, mine = f"{name}, of Carol", world.makes_key(f"{name}, of Carol", owner="carol")
    carol = somebody(world, "carol")
    carol.types("/apikeys help").presses("Check my token")
    carol.sees("The token that does not work", within=WITHIN)
    carol.fills(pasted_token=token).submits()
    carol.sees("It is not a token of one of your keys", within=WITHIN)
    carol.never_sees("This token of").closes()
    carol.types("/apikeys check").sees("The token that does not work", within=WITHIN)
    carol.fills(pasted_token=mine).submits()
    carol.sees(f"This token of {own} works", within=WITHIN)
    carol.presses("Details").person.sees("To change or revoke it, ask an admin", within=WITHIN)


# --- reveal --------------------------------------------------------------------------------------


def test_a_revealed_token_is_never_a_message(revealing: World) -> None:
    world, name = revealing, a_name()
    alice = somebody(world, "alice")
    alice.types(f"/apikeys new {name}").sees("New API key", within=WITHIN)
    alice.submits().sees("works once you collect its token", within=WITHIN).closes()
    alice.presses("Show the token", on=name).person.sees("Your token", within=WITHIN)
    first = shown(alice)
    assert world.asks(first) == 401
    alice.closes().presses("Show the token", on=name).person.sees("Your token", within=WITHIN)
    second = shown(alice)
    alice.submits().sees("You have collected the token", within=WITHIN).closes()
    answers(world, second, 204)
    assert world.asks(first) == 401
    alice.never_sees(second)
    said = [str(message) for call in ("chat.postMessage", "chat.update")
            for message in world.slack.calls(call)]  # fmt: skip
    assert said
    assert not any(token in text for token in (first, second) for text in said)


def test_a_rotation_is_revealed_likewise(revealing: World) -> None:
    world, name = revealing, a_name()
    alice = somebody(world, "alice")
    alice.types(f"/apikeys new {name}").sees("New API key", within=WITHIN)
    alice.submits().sees("works once you collect its token", within=WITHIN).closes()
    alice.presses("Show the token", on=name).person.sees("Your token", within=WITHIN)
    old = shown(alice)
    alice.submits().sees("You have collected the token", within=WITHIN).closes()
    answers(world, old, 204)
    alice.types(f"/apikeys rotate {name}").sees("Rotate API key", within=WITHIN)
    alice.fills(recipient="bob").submits().sees("can collect the new token", within=WITHIN).closes()
    bob = somebody(world, "bob")
    bob.presses("Show the token", on=name).person.sees("Your token", within=WITHIN)
    new = shown(bob)
    assert (world.asks(old), world.asks(new)) == (204, 401)
    bob.submits().sees("You have collected the token", within=WITHIN).closes()
    answers(world, new, 204)


def shown(person: User) -> str:
    """The token in the modal on top."""
    assert person.modal is not None
    found = _TOKEN.search(person.modal.text)
    assert found is not None
    return found[0]


# --- App Home ------------------------------------------------------------------------------------


def test_the_home_of_an_admin_leads_to_everything_and_follows_changes(world: World) -> None:
    name, token = a_key(world)
    alice = somebody(world, "alice").opens_home()
    alice.sees("Search, then press Enter", within=WITHIN)
    alice.enters(name, into="Search, then press Enter").sees("1 to 1 of 1", within=WITHIN)
    alice.sees("never used")
    alice.chooses("Edit", row=name).person.sees("Edit API key", within=WITHIN)
    alice.fills(note="From Home").submits().sees("Saved", within=WITHIN).closes()
    alice.chooses("Rename", row=name).person.sees("Rename API key", within=WITHIN)
    alice.fills(name=f"{name}, renamed").submits().sees("is now", within=WITHIN).closes()
    home = alice.sees(f"{name}, renamed", within=WITHIN)
    home.chooses("Details", row=name).person.sees("Note: From Home", within=WITHIN).closes()
    home.chooses("Rotate", row=name).person.sees("Rotate API key", within=WITHIN)
    home.submits().sees("has a new token", within=WITHIN).closes()
    home.chooses("Revoke", row=name).person.sees("Are you sure", within=WITHIN)
    home.presses("Revoke").person.sees("was revoked by", within=WITHIN).closes()
    answers(world, token, 401)
    home.sees("No key matches", within=WITHIN)


def test_the_home_of_a_member_has_their_own_keys_and_asks(world: World) -> None:
    name = a_name()
    world.makes_key(name, owner="carol")
    other, _ = a_key(world)
    carol = somebody(world, "carol").opens_home()
    carol.sees("Your API keys", within=WITHIN).sees(name)
    assert other not in home_of(world, carol)
    carol.presses("Ask for a key").person.sees("Ask for an API key", within=WITHIN).closes()
    somebody(world, "alice").types(f"/apikeys rename {name} to {name}, seen by Carol").sees(
        "Rename API key", within=WITHIN
    ).submits()
    eventually(lambda: f"{name}, seen by Carol" in home_of(world, carol), "Home follows")


# --- export --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["command", "home"])
def test_an_export_comes_as_a_file_and_opens_nothing(world: World, way: str) -> None:
    name, token = a_key(world)
    alice = somebody(world, "alice")
    if way == "command":
        alice.types("/apikeys export").sees("in a direct message", within=WITHIN)
    else:
        alice.opens_home().sees("Search, then press Enter", within=WITHIN)
        alice.presses("Export").person.sees("in a direct message", within=WITHIN)
        alice.closes()
    alice.sees("[file] API keys, ", within=WITHIN)
    file = next(m.payload["files"][0]["name"] for m in alice.dm.messages if m.payload.get("files"))
    eventually(lambda: f'"{name}"' in alice.dm.file(file).decode(), "the key is in the file")
    content = alice.dm.file(file).decode()
    assert token not in content
    assert token.split("_")[2] not in content


def test_a_member_cannot_export(world: World) -> None:
    carol = somebody(world, "carol").types("/apikeys export")
    carol.sees("You are not an admin of API keys here", within=WITHIN)


def home_of(world: World, person: User) -> str:
    """Everything in somebody's Home."""
    found = world.slack.workspace.home_of(person.id)
    assert found is not None
    return str(found.body)
