"""The program at work for a practice Slack, over Socket Mode or signed HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slack_sdk import WebClient

from sandbox.sandbox import Sandbox
from sandbox.users.user import User
from tests.e2e.harness.program import (
    CHANNEL,
    MANIFEST,
    Program,
    asks,
    free_port,
    http_settings,
    slack_settings,
)

_TOKEN = re.compile(r"\bak_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\b")


def token_of(person: User) -> str:
    """The newest token in somebody's direct messages, whatever has come after it."""
    tokens: list[str] = _TOKEN.findall(person.dm.text)
    assert tokens, person.dm.text
    return tokens[-1]


@dataclass
class World:
    """A workspace with its people, and the program at work for it.

    Attributes:
        app: where the program receives signed requests; empty with Socket Mode.
    """

    slack: Sandbox
    gateway: str
    program: Program
    app: str = ""

    def asks(self, token: str, method: str = "GET") -> int:
        """What the gateway says to a request with this token."""
        return asks(self.gateway, token, method)

    def makes_key(self, name: str, *, where: str = CHANNEL, **filled_in: Any) -> str:
        """Have Bob, an admin, make a key without a browser; gives its token.

        Args:
            where: the channel in which he types the command.
            filled_in: what else he fills in, by the inputs' labels.
        """
        bob = self.slack.person("bob").goes_to(where)
        bob.types(f"/apikeys new {name}")
        bob.sees("Create key", within=15)
        bob.fills(**filled_in).submits()
        bob.sees(f"{name} works now", within=15)
        token = token_of(bob)
        bob.closes().presses("I've stored it")
        bob.sees(f"The token of {name} was removed", within=15)
        return token

    def shows_everybody(self, who: User, words: str) -> None:
        """Put the newest message with these words, which one person alone sees, before everybody.

        Nothing of the bot's does this. It stands for whatever brings a button before people who
        could not have typed the command: no button leads past the check.
        """
        channel = self.slack.workspace.channel_named(CHANNEL)
        assert channel is not None
        seen = self.slack.workspace.messages_for(who.id, channel.id)
        message = next(m for m in reversed(seen) if words in m.text)
        client = WebClient(token=self.slack.bot_token, base_url=self.slack.api_url)
        client.chat_postMessage(channel=channel.id, text=message.text, blocks=message.blocks)


def unchanged(_slack: Sandbox) -> None:
    """Leave the workspace as it is before the program starts."""


@contextmanager
def at_work(
    folder: Path,
    people: Mapping[str, tuple[str, str]],
    *,
    page: bool = True,
    http: bool = False,
    before: Callable[[Sandbox], None] = unchanged,
    **settings: str,
) -> Iterator[World]:
    """Start both, and stop them at the end.

    Args:
        folder: where the program works.
        people: real name and role of each, by handle; all are in the team's channel.
        page: whether the practice Slack has its page in the browser.
        http: whether it delivers by signed HTTP instead of Socket Mode.
        before: changes the workspace before the program starts.
        settings: of the program, beside those that it needs.
    """
    with Sandbox(MANIFEST, page=page) as slack:
        for name, (real_name, role) in people.items():
            slack.add_person(name, real_name=real_name, role=role)
        slack.add_channel(CHANNEL.lstrip("#"), members=list(people))
        slack.invite_app(CHANNEL)
        before(slack)
        address = f"127.0.0.1:{free_port()}"
        way = http_settings(slack) if http else slack_settings(slack)
        with Program(folder, way | {"APIKEYS_GATEWAY_LISTEN": address} | settings) as program:
            if http:
                program.waits_until_it_says("receives Slack’s requests at ")
                slack.deliver_to(f"http://{way['APIKEYS_SLACK_LISTEN']}/slack/events")
            else:
                slack.wait_for_app(within=30)
            yield World(slack, f"http://{address}", program, way.get("APIKEYS_SLACK_LISTEN", ""))
            program.stop()
