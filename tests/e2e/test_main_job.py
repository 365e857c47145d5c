"""The main job, from Slack to the API's door: the real program, a practice Slack, real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from sandbox.users.user import User
from tests.e2e.harness.program import CHANNEL, MANIFEST, Program, asks, free_port, slack_settings

pytestmark = pytest.mark.sockets


@dataclass
class World:
    """A workspace with its people, and the program at work for it."""

    slack: Sandbox
    gateway: str
    folder: Path

    def person(self, name: str) -> User:
        return self.slack.person(name)

    def asks(self, token: str, method: str = "GET") -> int:
        return asks(self.gateway, token, method)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox(MANIFEST) as slack:
        slack.add_person("alice", role="admin")
        slack.add_person("bob", role="member")
        slack.add_channel("api-keys", members=["alice", "bob"])
        slack.invite_app(CHANNEL)
        listen = f"127.0.0.1:{free_port()}"
        settings = slack_settings(slack) | {"APIKEYS_GATEWAY_LISTEN": listen}
        with Program(tmp_path, settings) as program:
            program.waits_until_it_says("The bot is connected to Slack")
            yield World(slack, f"http://{listen}", tmp_path)
            program.stop()


def test_a_keys_life_from_slack_to_the_api(world: World) -> None:
    alice = world.person("alice")
    alice.goes_to("#api-keys")
    alice.types("/apikeys new")
    alice.sees("Create key", within=15)
    alice.fills(name="Zapier, production", scopes=["read existing data"]).submits()
    alice.sees("works now", within=15)
    token = alice.dm.token()
    assert world.asks(token) == 204
    assert world.asks(token, "POST") == 403
    alice.closes()
    alice.presses("I've stored it")
    alice.sees("was removed from this message", within=15)
    alice.never_sees(token)

    alice.types("/apikeys revoke Zapier")
    alice.sees("Are you sure you want to revoke this API key?", within=15)
    alice.presses("Revoke")
    alice.sees("is refused from now on", within=15)
    assert world.asks(token) == 401

    secret = token.split("_")[2].encode()
    for path in world.folder.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path


def test_who_is_not_an_admin_is_told_so_and_whom_to_ask(world: World) -> None:
    bob = world.person("bob")
    bob.goes_to("#api-keys")
    bob.types("/apikeys new")
    bob.sees("admin", within=15)
    assert bob.modal is None
