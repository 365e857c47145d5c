"""Tokens that are pasted: into the window that checks them, and into messages.

The real program, the practice Slack, real sockets and signed HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from sandbox.users.user import User
from tests.e2e.harness.at_work import World, at_work, unchanged
from tests.e2e.harness.program import CHANNEL, eventually

pytestmark = pytest.mark.sockets

WITHIN = 15  # seconds; a busy machine is no reason to fail
TOWN = "#town-square"
PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "owner"),
    "carol": ("Carol Clark", "member"),
    "gary": ("Gary Green", "guest"),
    "olga": ("Olga Orlova", "outsider"),
}
TOLD = "Your message contains the token of an API key"
LOOKS = "Your message contains what looks like a secret"
_numbers = count(1)


@dataclass
class Place:
    """A world, and the folder in which its program keeps everything."""

    world: World
    folder: Path

    def person(self, name: str, channel: str = TOWN) -> User:
        """Somebody with a fresh window."""
        return self.world.slack.person(name).reloads().goes_to(channel)

    def key(self) -> tuple[str, str]:
        """A new key: its name and its token."""
        name = f"Integration {next(_numbers):03}, production"
        return name, self.world.makes_key(name)

    def nothing_kept(self, *secrets: str) -> None:
        """No file that the program left has any of these: database, log, whatever there is."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        assert {"log"} <= {path.name for path in files}
        for path in files:
            kept = path.read_bytes()
            assert not any(secret.encode() in kept for secret in secrets), path


def opened(folder: Path, **settings: str) -> Iterator[Place]:
    http = settings.get("APIKEYS_LEAKED") == "revoke"
    with at_work(folder, PEOPLE, page=False, http=http, before=unchanged, **settings) as world:
        world.slack.add_channel(TOWN.lstrip("#"), members=list(PEOPLE))
        world.slack.invite_app(TOWN)
        yield Place(world, folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from opened(tmp_path_factory.mktemp("asking"))


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from opened(tmp_path_factory.mktemp("revoking"), APIKEYS_LEAKED="revoke")


def test_poster_and_team_are_told_and_the_key_is_revoked_from_there(place: Place) -> None:
    name, token = place.key()
    carol = place.person("carol").types(f"It is ```\n{token}\n```, do not tell")
    carol.sees(TOLD, within=WITHIN).sees("Please delete the message")
    place.person("bob").never_sees(TOLD)
    alice = place.person("alice", CHANNEL)
    alice.sees(f"LEAK: a live token of {name} in #town-square", within=WITHIN)
    alice.sees("still works").never_sees(token)
    alice.sees("Open message").sees("Please take care of this: @")
    carol.goes_to(CHANNEL).presses("Revoke now", on=name).confirms()
    carol.sees("You are not an admin", within=WITHIN)
    alice.presses("Revoke now", on=name).confirms()
    alice.sees(f"{name} was revoked", within=WITHIN)
    eventually(lambda: place.world.asks(token) == 401, "the token is refused")
    alice.sees("The key was revoked by @Alice Adams", within=WITHIN)


def test_rotate_and_details_open_from_there(place: Place) -> None:
    name, token = place.key()
    place.person("carol").types(token)
    alice = place.person("alice", CHANNEL)
    alice.sees(f"a live token of {name}", within=WITHIN)
    alice.presses("Details", on=name).person.sees("found its token in a message", within=WITHIN)
    alice.reloads().presses("Rotate", on=f"a live token of {name}")
    alice.sees("Rotate API key", within=WITHIN)
    alice.fills(grace="Revoke the old token immediately").submits()
    alice.sees("is refused from now on", within=WITHIN).closes()
    eventually(lambda: place.world.asks(token) == 401, "the token is refused")
    alice.sees("no longer works. The key has another token", within=WITHIN)


def test_edits_and_replies_are_looked_at_and_told_of_once(place: Place) -> None:
    name, token = place.key()
    carol = place.person("carol").types("A harmless text").edits(f"Not so: {token}")
    carol.sees(TOLD, within=WITHIN)
    alice = place.person("alice", CHANNEL).sees(f"a live token of {name}", within=WITHIN)
    other, another = place.key()
    carol.edits(f"Not so: {token}, nor {another}")
    alice.sees(f"a live token of {other}", within=WITHIN)
    assert alice.screen().count(f"a live token of {name}") == 1
    third, last = place.key()
    place.person("bob").replies(last).sees(TOLD, within=WITHIN)
    alice.sees(f"a live token of {third}", within=WITHIN)


def test_a_message_that_slack_delivers_twice_is_told_of_once(place: Place) -> None:
    name, token = place.key()
    carol = place.person("carol")
    place.world.slack.faults.double_next_delivery()
    carol.types(token).sees(TOLD, within=WITHIN)
    alice = place.person("alice", CHANNEL).sees(f"a live token of {name}", within=WITHIN)
    # What comes later is dealt with later: by then the second delivery was, too.
    other, another = place.key()
    carol.types(another)
    alice.sees(f"a live token of {other}", within=WITHIN)
    assert alice.screen().count(f"a live token of {name}") == 1
    eventually(lambda: carol.screen().count(TOLD) == 2, "a hint for each message")


def test_a_token_that_does_not_work_is_a_short_hint(place: Place) -> None:
    name, token = place.key()
    alice = place.person("alice", CHANNEL).types(f"/apikeys revoke {name}")
    alice.sees("Are you sure", within=WITHIN).presses("Revoke", on=name)
    alice.sees(f"{name} was revoked", within=WITHIN)
    carol = place.person("carol").types(token)
    carol.sees("no longer works", within=WITHIN).never_sees("Please delete")
    alice.never_sees(f"a live token of {name}")


@pytest.mark.parametrize("who", ["gary", "olga"])
def test_who_is_no_member_is_told_nothing_of_keys(place: Place, who: str) -> None:
    name, token = place.key()
    person = place.person(who).types(token).sees(LOOKS, within=WITHIN)
    person.never_sees("API key").never_sees(name)
    place.person("alice", CHANNEL).sees(f"a live token of {name}", within=WITHIN)


def test_revoked_at_once_where_the_team_wants_it(strict: Place) -> None:
    name, token = strict.key()
    assert strict.world.asks(token) == 204
    carol = strict.person("carol").types(token)
    carol.sees("Its key was revoked", within=WITHIN)
    eventually(lambda: strict.world.asks(token) == 401, "the token is refused")
    alice = strict.person("alice", CHANNEL)
    alice.sees(f"@Carol Clark posted a token of {name}", within=WITHIN)
    alice.sees("The key was revoked by this app", within=WITHIN)
    strict.nothing_kept(token.split("_")[2])


def test_without_the_optional_scope_nothing_is_read(strict: Place) -> None:
    _, token = strict.key()
    _, other = strict.key()
    population = strict.world.slack
    carol = strict.person("carol")
    population.revoke_scope("channels:history")
    carol.types(token)
    population.grant_scope("channels:history")
    carol.types(other).sees("Its key was revoked", within=WITHIN)
    assert strict.world.asks(token) == 204


@pytest.mark.parametrize("do", ["Revoke", "Rotate"])
def test_a_token_that_was_checked_can_be_ended_from_there(place: Place, do: str) -> None:
    name, token = place.key()
    alice = place.person("alice", CHANNEL).types("/apikeys check")
    alice.sees("Check a token", within=WITHIN).fills(pasted_token=token).submits()
    alice.sees(f"This token of {name} works", within=WITHIN).presses(do)
    if do == "Revoke":
        alice.sees("Are you sure", within=WITHIN).presses("Revoke")
        alice.sees("was revoked by @Alice Adams", within=WITHIN)
    else:
        alice.sees("Rotate API key", within=WITHIN).fills(grace="Revoke the old token immediately")
        alice.submits().sees("is refused from now on", within=WITHIN)
    eventually(lambda: place.world.asks(token) == 401, "the token is refused")


def test_what_is_pasted_stays_nowhere(place: Place) -> None:
    """At DEBUG, where Slack's own libraries log what they send and get."""
    name, token = place.key()
    secret = token.split("_")[2]
    before, after = secret[:20], secret[20:]
    alice = place.person("alice", CHANNEL)
    for pasted, words in (
        (f"Bearer {token}", f"This token of {name} works"),
        (token[:-3], "Its end is missing"),
        (f'"{token[:-1]}{"A" if token[-1] != "A" else "B"}"', "It contains a typing error"),
        (token.replace(secret, f"{before}\n{after}"), "line breaks inside it"),
    ):
        alice.types("/apikeys check").sees("Check a token", within=WITHIN)
        alice.fills(pasted_token=pasted).submits().sees(words, within=WITHIN).never_sees(secret)
        alice.closes()
    carol = place.person("carol").types(f"It is {token}").sees(TOLD, within=WITHIN)
    carol.edits("It is gone")
    alice.sees(f"a live token of {name}", within=WITHIN).never_sees(secret)
    place.nothing_kept(before, after)
