"""A small workspace with user actions and a function as the app: no sockets, a held clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.base.clock import HeldClock
from sandbox.delivery.dispatcher import Ack, by_function
from sandbox.delivery.faults import Faults
from sandbox.delivery.runtime import build_runtime
from sandbox.state.input_values import with_ids
from sandbox.state.installation import Installation
from sandbox.state.manifest import read_manifest
from sandbox.state.models import (
    Account,
    Channel,
    ChannelKind,
    Json,
    Message,
    MessageRef,
    Role,
    View,
)
from sandbox.state.traffic import TrafficLog
from sandbox.state.trigger_ids import TriggerIds
from sandbox.state.view_stack import new_modal
from sandbox.state.workspace import Workspace
from sandbox.users.actions import UserActions
from tests.sandbox.page.demo_app import MANIFEST

ROLES = {"alice": Role.ADMIN, "bob": Role.MEMBER, "oskar": Role.OUTSIDER}


class Harness:
    """Alice, Bob and Oskar (of another organisation) in #general, and an app that answers."""

    def __init__(self, **settings: Any) -> None:
        self.clock = HeldClock()
        scopes = [*MANIFEST["oauth_config"]["scopes"]["bot"], "channels:history", "im:history"]
        manifest = {
            **MANIFEST,
            "oauth_config": {"scopes": {"bot": scopes}},
            "settings": {**MANIFEST["settings"], **settings},
        }
        self.workspace = Workspace(
            read_manifest(manifest), self.clock, team_id="T1", team_name="Acme"
        )
        self.install = Installation(scopes={"channels:history", "im:history"})
        self.faults = Faults()
        self.traffic = TrafficLog(self.clock)
        self.triggers = TriggerIds(self.clock)
        self.runtime = build_runtime(
            self.workspace,
            self.install,
            self.triggers,
            self.faults,
            self.traffic,
            lambda: "http://127.0.0.1:1/",
        )
        self.actions = UserActions(self.runtime)
        self.delivered: list[tuple[str, Json]] = []
        self.answer: Callable[[Json], Ack] = lambda body: None
        self.runtime.dispatcher.transport = by_function(self._deliver)
        self._fill()

    def _deliver(self, body: Json, kind: str) -> Ack:
        self.delivered.append((kind, body))
        return self.answer(body)

    def _fill(self) -> None:
        for name, role in ROLES.items():
            team = "T2" if role is Role.OUTSIDER else "T1"
            account = Account(f"U{name}", name, name.title(), "", team, role, 0.0)
            self.workspace.accounts[account.id] = account
        bot = Account(self.install.bot_user, "keyring", "Key Ring", "", "T1", Role.BOT, 0.0)
        self.workspace.accounts[bot.id] = bot
        members = list(self.workspace.accounts)
        general = Channel("C1", "general", ChannelKind.PUBLIC, 0.0, "Ualice", members)
        self.workspace.channels["C1"] = general

    def types(self, text: str, user: str = "Ualice", **more: Any) -> None:
        self.actions.type(user, "C1", text, **more)

    def seen(self, user: str = "Ualice") -> list[str]:
        """Return the texts this user sees in #general."""
        return [m.text for m in self.workspace.messages_for(user, "C1")]

    def last(self) -> Json:
        """Return the body that the app got last."""
        return self.delivered[-1][1]

    def posted(self, blocks: list[Json], only_for: str | None = None) -> MessageRef:
        """Post a message of the app in #general."""
        with self.workspace.change():
            ts = self.workspace.next_ts()
            message = Message(
                "C1", ts, self.install.bot_user, "Hi", with_ids(blocks), ephemeral_for=only_for
            )
            self.workspace.messages.setdefault("C1", []).append(message)
        return MessageRef("C1", ts)

    def modal(self, body: Json, user: str = "Ualice") -> View:
        """Open a modal for a user; returns a copy."""
        with self.workspace.change():
            new_modal(self.workspace, user, body)
        return self.workspace.modals_of(user)[-1]
