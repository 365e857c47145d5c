"""The program at work for a practice Slack that has its page in the browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.practice import PracticeSlack
from tests.e2e.program import CHANNEL, MANIFEST, Program, asks, free_port, slack_settings


@dataclass
class World:
    """A workspace with its people, and the program at work for it."""

    slack: PracticeSlack
    gateway: str

    def asks(self, token: str) -> int:
        """What the gateway says to a request with this token."""
        return asks(self.gateway, token)

    def makes_key(self, name: str, **filled_in: Any) -> str:
        """Have Bob, an admin, make a key without a browser; gives its token.

        Args:
            filled_in: what else he fills in, by the inputs' labels.
        """
        bob = self.slack.person("bob").goes_to(CHANNEL)
        bob.types(f"/apikeys new {name}")
        bob.sees("Create key", within=15)
        bob.fills(**filled_in).submits()
        bob.sees(f"{name} works now", within=15)
        token = bob.dm.token()
        bob.closes().presses("I've stored it")
        bob.sees(f"The token of {name} was removed", within=15)
        return token


@contextmanager
def at_work(
    folder: Path, people: Mapping[str, tuple[str, str]], **settings: str
) -> Iterator[World]:
    """Start both, and stop them at the end.

    Args:
        folder: where the program works.
        people: real name and role of each, by handle; all are in the team's channel.
        settings: of the program, beside those that it needs.
    """
    with PracticeSlack(MANIFEST, page=True) as slack:
        for name, (real_name, role) in people.items():
            slack.add_person(name, real_name=real_name, role=role)
        slack.add_channel(CHANNEL.lstrip("#"), members=list(people))
        slack.invite_app(CHANNEL)
        address = f"127.0.0.1:{free_port()}"
        own = slack_settings(slack) | {"APIKEYS_GATEWAY_LISTEN": address} | settings
        with Program(folder, own) as program:
            slack.wait_for_app(within=30)
            yield World(slack, f"http://{address}")
            program.stop()
