"""A fake sandbox for the page: a prepared workspace, and user actions that record their calls.

Tests see exactly what the page shows and calls, without an app. `test_live.py` has the whole
practice Slack and a real app.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sandbox.base.clock import SystemClock
from sandbox.base.time_machine import TimeMachine
from sandbox.state.manifest import Command, read_manifest
from sandbox.state.models import (
    Account,
    Channel,
    ChannelKind,
    Json,
    Message,
    Role,
    SurfaceRef,
    View,
)
from sandbox.state.traffic import TrafficLog
from sandbox.state.workspace import Workspace
from sandbox.users.actions import UserActions
from tests.sandbox.page.demo_app import MANIFEST

BOT = "U0BOT"
PEOPLE = {
    "UALICE": ("alice", "Alice Wong", Role.ADMIN),
    "UBOB": ("bob", "Bob Ferreira", Role.MEMBER),
    "UGITA": ("gita", "Gita Rao", Role.GUEST),
    "UOSKAR": ("oskar", "Oskar Lind", Role.OUTSIDER),
}


@dataclass
class RecordingActions(UserActions):
    """Records each call; changes the workspace only as far as the page must show it."""

    workspace: Workspace
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    answer: threading.Event = field(default_factory=threading.Event)
    fault: Exception | None = None

    def __post_init__(self) -> None:
        self.answer.set()

    def commands(self, user: str) -> list[Command]:
        account = self.workspace.account(user)
        outside = account is not None and account.is_outsider
        return [] if outside else list(self.workspace.manifest.commands)

    def type(self, user: str, channel: str, text: str, *, thread: str | None = None) -> None:
        self.calls.append(("type", user, channel, text))
        with self.workspace.change():
            message = Message(channel, self.workspace.next_ts(), user, text)
            self.workspace.messages.setdefault(channel, []).append(message)

    def act(self, user: str, ref: SurfaceRef, block_id: str, action_id: str, value: Json) -> None:
        self.calls.append(("act", user, ref, block_id, action_id, value))
        self.answer.wait(5)
        if self.fault:
            raise self.fault

    def enter(self, user: str, ref: SurfaceRef, block_id: str, action_id: str, value: Json) -> None:
        self.calls.append(("enter", user, ref, block_id, action_id, value))
        with self.workspace.change():
            surface = self.workspace.surface(ref)
            if isinstance(surface, View):
                surface.values.setdefault(block_id, {})[action_id] = value

    def suggestions(
        self, user: str, ref: SurfaceRef, block_id: str, action_id: str, typed: str
    ) -> Sequence[Json]:
        self.calls.append(("suggestions", user, ref, block_id, action_id, typed))
        return [{"text": {"type": "plain_text", "text": f"Found {typed}"}, "value": typed}]

    def submit(self, user: str) -> None:
        self.calls.append(("submit", user))
        view = self.workspace.views[self.workspace.stacks[user][-1]]
        with self.workspace.change():
            view.waiting = True
        self.answer.wait(5)
        with self.workspace.change():
            view.waiting = False
            view.errors = {"name": "“Test” says little."}

    def close(self, user: str, *, everything: bool = False) -> None:
        self.calls.append(("close", user, everything))
        with self.workspace.change():
            stack = self.workspace.stacks[user]
            del stack[0 if everything else -1 :]

    def open_home(self, user: str, tab: str = "home") -> None:
        self.calls.append(("open_home", user, tab))

    def open_direct(self, user: str, other: str) -> str:
        self.calls.append(("open_direct", user, other))
        found = self.workspace.direct_between(user, other)
        if found is not None:
            return found.id
        with self.workspace.change():
            made = Channel(f"D{user}{other}", "", ChannelKind.IM, 0.0, user, [user, other])
            self.workspace.channels[made.id] = made
        return made.id

    def reload(self, user: str) -> None:
        self.calls.append(("reload", user))

    def dismiss(self, user: str, channel: str, ts: str) -> None:
        self.calls.append(("dismiss", user, channel, ts))
        with self.workspace.change():
            left = [m for m in self.workspace.messages[channel] if m.ts != ts]
            self.workspace.messages[channel] = left

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """Return the recorded calls of one function."""
        return [call for call in self.calls if call[0] == name]


class FakeSandbox:
    """As much of a practice Slack as the page uses."""

    bot_user_id = BOT
    time_machine: TimeMachine | None = None

    def __init__(self, manifest: Json = MANIFEST) -> None:
        clock = SystemClock()
        self.workspace = Workspace(read_manifest(manifest), clock, team_id="T1", team_name="Acme")
        self.traffic = TrafficLog(clock)
        self.actions = RecordingActions(self.workspace)
        self._people()
        for name, kind in (("general", "public_channel"), ("secrets", "private_channel")):
            self._channel(name, ChannelKind(kind))
        direct = Channel("D1", "", ChannelKind.IM, 0.0, BOT, ["UALICE", BOT])
        self.workspace.channels["D1"] = direct

    def _people(self) -> None:
        for user, (name, real_name, role) in PEOPLE.items():
            team = "T2" if role is Role.OUTSIDER else "T1"
            account = Account(user, name, real_name, f"{name}@example.com", team, role, 0.0)
            self.workspace.accounts[user] = account
        bot = Account(BOT, "keyring", "Key Ring", "", "T1", Role.BOT, 0.0)
        self.workspace.accounts[BOT] = bot

    def _channel(self, name: str, kind: ChannelKind) -> None:
        members = [*PEOPLE, BOT] if kind is ChannelKind.PUBLIC else ["UALICE"]
        channel = Channel(f"C{name.upper()}", name, kind, 0.0, "UALICE", members)
        self.workspace.channels[channel.id] = channel

    def post(self, channel: str, user: str, text: str, **more: Any) -> Message:
        """Post a message in a channel."""
        bot = "B1" if user == BOT else None
        with self.workspace.change():
            ts = more.pop("ts", None) or self.workspace.next_ts()
            message = Message(channel, ts, user, text, bot_id=bot, **more)
            self.workspace.messages.setdefault(channel, []).append(message)
        return message

    def open(self, user: str, body: Json, view_id: str = "V1") -> View:
        """Push a modal onto a user's stack."""
        view = View(view_id, "modal", user, body, "h1", view_id)
        with self.workspace.change():
            self.workspace.views[view.id] = view
            self.workspace.stacks.setdefault(user, []).append(view.id)
        return view


@contextmanager
def served(slack: FakeSandbox) -> Iterator[str]:
    """Serve the page for `slack`; yields its URL without a slash at the end."""
    from sandbox.page import attach

    app = Starlette(routes=[Route("/api/{method}", lambda _: PlainTextResponse("the Web API"))])
    attach(app, slack)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, name="page under test")
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the page did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive()
