"""A workspace with an app and some people, for the tests of the Web API; no sockets."""

import dataclasses
from typing import Any

from sandbox.base.clock import HeldClock
from sandbox.delivery.faults import Faults
from sandbox.state.installation import Installation
from sandbox.state.manifest import Manifest, read_manifest
from sandbox.state.models import Account, Channel, ChannelKind, Json, Message, Role, Usergroup
from sandbox.state.traffic import TrafficLog
from sandbox.state.trigger_ids import TriggerIds
from sandbox.state.workspace import Workspace
from sandbox.webapi import WebApi

ALICE, BOB, GONE, OUTSIDER = "U0ALICE", "U0BOB", "U0GONE", "U0OUT"
GENERAL, KEYS, SECRET, OLD = "C0GENERAL", "C0KEYS", "C0SECRET", "C0OLD"
GROUP = "S0ADMINS"
SCOPES = (
    "chat:write",
    "im:write",
    "im:read",
    "im:history",
    "channels:read",
    "channels:history",
    "channels:join",
    "groups:read",
    "groups:history",
    "users:read",
    "usergroups:read",
    "team:read",
)
MANIFEST = {
    "display_information": {"name": "Practice app"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "practice"},
    },
    "oauth_config": {"scopes": {"bot": list(SCOPES)}},
}


class Harness:
    """The parts, and the call most tests make."""

    def __init__(self, manifest: Manifest | None = None) -> None:
        self.clock = HeldClock()
        self.install = Installation(scopes=set(SCOPES))
        self.workspace = Workspace(
            manifest or read_manifest(MANIFEST), self.clock, team_id="T0ACME", team_name="Acme"
        )
        self.triggers = TriggerIds(self.clock)
        self.faults = Faults()
        self.traffic = TrafficLog(self.clock)
        self.events: list[tuple[Json, str | None]] = []
        self.workspace.on_event = lambda event, channel: self.events.append((event, channel))
        self.api = WebApi(
            self.workspace,
            self.install,
            self.triggers,
            self.faults,
            self.traffic,
            connect=lambda: "ws://127.0.0.1/link/?ticket=abc",
        )
        self._people()
        self._places()

    def __call__(self, method: str, **args: Any) -> Json:
        """The body of the answer to a call with the bot's token."""
        return self.api.call(method, args, self.install.bot_token)[2]

    def error(self, method: str, **args: Any) -> str:
        """The error that a call is refused with."""
        body = self(method, **args)
        assert body["ok"] is False, body
        code: str = body["error"]
        return code

    def messages(self, channel: str) -> list[Message]:
        return self.workspace.messages.get(channel, [])

    def says(self, user: str, channel: str, text: str) -> Message:
        """A message that a person wrote."""
        message = Message(channel, self.workspace.next_ts(), user, text)
        with self.workspace.change():
            self.workspace.messages.setdefault(channel, []).append(message)
        return message

    def _people(self) -> None:
        self._person(ALICE, "alice", Role.ADMIN)
        self._person(BOB, "bob", Role.MEMBER)
        self._person(GONE, "gone", Role.DEACTIVATED, deleted=True)
        self._person(OUTSIDER, "oscar", Role.OUTSIDER, home_team="T0OTHER")
        self._person(self.install.bot_user, "practice", Role.BOT)

    def _person(self, id: str, name: str, role: Role, **more: Any) -> None:
        given = {"home_team": "T0ACME", **more}
        mail = f"{name}@example.com"
        account = Account(id, name, name.title(), mail, role=role, updated=1.0, **given)
        self.workspace.accounts[id] = account

    def _places(self) -> None:
        bot = self.install.bot_user
        self._place(GENERAL, "general", [ALICE, BOB])
        self._place(KEYS, "api-keys", [ALICE, bot])
        self._place(SECRET, "secret", [ALICE], kind=ChannelKind.PRIVATE)
        self._place(OLD, "old", [ALICE, bot], archived=True)
        self.workspace.usergroups[GROUP] = Usergroup(GROUP, "key-admins", "Admins", [ALICE], 1.0)

    def _place(self, id: str, name: str, members: list[str], **more: Any) -> None:
        given = {"kind": ChannelKind.PUBLIC, **more}
        self.workspace.channels[id] = Channel(
            id, name, created=1.0, creator=ALICE, members=members, **given
        )


def changed(**fields: Any) -> Manifest:
    """The manifest with other values."""
    return dataclasses.replace(read_manifest(MANIFEST), **fields)


def button(text: str = "Go") -> Json:
    label = {"type": "plain_text", "text": text}
    return {"type": "actions", "elements": [{"type": "button", "text": label}]}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def modal(title: str = "Hello", **more: Any) -> Json:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "blocks": [section("Hi")],
        **more,
    }


def home(text: str = "Hi", **more: Any) -> Json:
    return {"type": "home", "blocks": [section(text)], **more}
