"""The main job, from Slack to the API's door: the real program, a practice Slack, real sockets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sandbox.people import Person
from sandbox.practice import PracticeSlack

pytestmark = pytest.mark.sockets

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from apikeys.cli import main; main()", "run")


@dataclass
class World:
    """A workspace with its people, and the program at work for it."""

    slack: PracticeSlack
    gateway: str
    folder: Path

    def person(self, name: str) -> Person:
        return self.slack.person(name)

    def asks(self, token: str, method: str = "GET") -> int:
        """What a proxy is told about a request with this token."""
        headers = {"Authorization": f"Bearer {token}", "X-Original-Method": method}
        return httpx.get(f"{self.gateway}/authz", headers=headers).status_code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with PracticeSlack(ROOT / "manifest.yml") as slack:
        slack.add_person("alice", role="admin")
        slack.add_person("bob", role="member")
        slack.add_channel("api-keys", members=["alice", "bob"])
        slack.invite_app("#api-keys")
        port = free_port()
        settings = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "APIKEYS_CHANNEL": "#api-keys",
            "APIKEYS_GATEWAY_LISTEN": f"127.0.0.1:{port}",
            "APIKEYS_LOG_LEVEL": "DEBUG",
        }
        log = (tmp_path / "log").open("w")
        process = subprocess.Popen(
            COMMAND,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | settings,
            stderr=log,
        )
        try:
            slack.wait_for_app(within=30)
            yield World(slack, f"http://127.0.0.1:{port}", tmp_path)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            log.close()
    assert process.returncode == 0, (tmp_path / "log").read_text()


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
