"""People leave: the real program, the practice Slack, real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.harness.at_work import World, at_work, token_of
from tests.e2e.test_life import WITHIN, a_key, a_name, answers, somebody

pytestmark = pytest.mark.sockets

PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "owner"),
    "carol": ("Carol Clark", "member"),
    "dora": ("Dora Dunn", "member"),
    "erik": ("Erik Ek", "member"),
    "fay": ("Fay Field", "member"),
    "gary": ("Gary Green", "guest"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with at_work(tmp_path_factory.mktemp("program"), PEOPLE, page=False) as world:
        yield world


def a_key_of(world: World, owner: str) -> tuple[str, str]:
    """A key that Bob made and somebody else answers for: its name and its token."""
    name = a_name()
    return name, world.makes_key(name, owner=owner)


def a_key_sent_to(world: World, person: str) -> tuple[str, str]:
    """A key whose newest token somebody was sent: its name and that token."""
    name, _ = a_key(world)
    alice = somebody(world, "alice")
    alice.types(f"/apikeys rotate {name}").sees("Rotate API key", within=WITHIN)
    alice.fills(recipient=person, grace="Revoke the old token immediately").submits()
    alice.sees("has a new token", within=WITHIN).closes()
    receiver = somebody(world, person)
    token = token_of(receiver)
    receiver.presses("I've stored it")
    return name, token


@pytest.mark.parametrize("way", ["command", "home"])
def test_each_key_is_dealt_with_by_its_button(world: World, way: str) -> None:
    leaver = "carol" if way == "command" else "dora"
    real_name = PEOPLE[leaver][0]
    owned, kept_token = a_key_of(world, leaver)
    sent, old = a_key_sent_to(world, leaver)
    alice = somebody(world, "alice")
    if way == "command":
        alice.types(f"/apikeys offboard @{leaver}")
        alice.sees(f"{real_name} has 2 keys; 1 token was sent to them.", within=WITHIN)
        alice.presses("Start in #api-keys").person.sees("are in the team’s channel", within=WITHIN)
    else:
        alice.opens_home().sees("Search, then press Enter", within=WITHIN)
        alice.presses("Offboard someone").person.sees("Who leaves?", within=WITHIN)
        alice.fills(person=leaver).submits().sees("2 keys; 1 token was sent", within=WITHIN)
        alice.presses("Start in #api-keys").person.sees("are in the team’s channel", within=WITHIN)
        alice.closes().goes_to("#api-keys")
    alice.sees(f"{real_name} is leaving.", within=WITHIN).sees("0 of 2 keys handled")
    alice.presses("Hand over", on=f"{real_name} is leaving.").person.sees(
        "New owner", within=WITHIN
    )
    alice.fills(person=leaver).submits().sees("Choose someone else", within=WITHIN)
    alice.fills(person="fay").submits().sees("now owns 1 key", within=WITHIN)
    alice.closes().sees("1 of 2 keys handled", within=WITHIN)
    alice.presses("Rotate", on=f"{real_name} is leaving.").person.sees(
        "Rotate API key", within=WITHIN
    )
    alice.submits().sees("has a new token", within=WITHIN).closes()
    alice.sees("2 of 2 keys handled", within=WITHIN)
    alice.sees(f"Every key of {real_name} is handled: 1 rotated, 1 handed over.", within=WITHIN)
    # For 24 hours the old token goes on; then it ends.
    assert world.asks(old) == world.asks(kept_token) == 204
    found = somebody(world, "alice").types(f"/apikeys show {owned}")
    found.sees("Fay Field", within=WITHIN)
    alice.types(f"/apikeys show {sent}").sees("rotated it", within=WITHIN)


def test_a_deactivation_is_noticed_and_all_are_revoked_at_once(world: World) -> None:
    keys = [a_key_of(world, "erik")[1] for _ in range(3)]
    alice = somebody(world, "alice")
    world.slack.deactivate("erik")
    alice.sees("Erik Ek was deactivated.", within=WITHIN).sees("0 of 3 keys handled")
    assert [world.asks(token) for token in keys] == [204] * 3
    fay = somebody(world, "fay")
    fay.presses("Revoke all", on="Erik Ek was deactivated.").confirms()
    fay.sees("You are not an admin of API keys here", within=WITHIN)
    assert [world.asks(token) for token in keys] == [204] * 3
    alice.presses("Revoke all", on="Erik Ek was deactivated.").confirms()
    for token in keys:
        answers(world, token, 401)
    alice.sees("3 of 3 keys handled", within=WITHIN)
    alice.sees("Every key of Erik Ek is handled: 3 revoked.", within=WITHIN)


def test_who_becomes_a_guest_and_comes_back(world: World) -> None:
    name, _ = a_key_of(world, "fay")
    alice = somebody(world, "alice")
    world.slack.change_role("fay", "guest")
    alice.sees("Fay Field is a guest now.", within=WITHIN)
    home = alice.opens_home().sees("Search, then press Enter", within=WITHIN)
    home.chooses("Owner has left").person.sees(name, within=WITHIN)
    world.slack.change_role("fay", "member")
    alice.goes_to("#api-keys").sees("They are a full member again", within=WITHIN)
    alice.presses("Close", on="Fay Field is a guest now.").confirms()
    alice.sees("This was closed by @Alice Adams", within=WITHIN)


def test_whoever_has_no_keys_is_said_to_have_none(world: World) -> None:
    alice = somebody(world, "alice")
    alice.types("/apikeys offboard @gary")
    alice.sees("Gary Green has not created or received any active key", within=WITHIN)
    carol = somebody(world, "dora").types("/apikeys offboard @gary")
    carol.sees("You are not an admin of API keys here", within=WITHIN)
