"""The manifest and the code say the same: commands, events, scopes, and what can be pressed.

What the code registers is asked of the code itself; what it draws is read from every message and
modal that there is (tests/bot/harness/block_samples.py).
"""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from bot import slash_command
from bot.command_parser import SUBCOMMANDS
from bot.features import ROUTERS
from bot.framework.router import events_of, routes_of
from bot.installation import handlers as installation
from bot.installation.workspaces import Workspaces
from bot.ui import ids
from bot.ui.command_name import DEFAULT
from tests.bot.harness.block_samples import messages, views

ROOT = Path(__file__).parents[2]

# Which bot scope a Web API method needs, if any: "Scopes" at
# https://docs.slack.dev/reference/methods/<method>. A new method gets its line here.
SCOPE_OF_METHOD = {
    "auth.teams.list": None,
    "auth.test": None,
    "chat.delete": "chat:write",
    "chat.deleteScheduledMessage": "chat:write",
    "chat.getPermalink": None,
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.scheduleMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",  # or groups: or im:history, by the channel
    "conversations.info": "channels:read",  # or groups:read, by the channel
    "conversations.open": "im:write",
    "files.completeUploadExternal": "files:write",
    "files.getUploadURLExternal": "files:write",
    "usergroups.users.list": "usergroups:read",
    "users.info": "users:read",
    "users.list": "users:read",
    "views.open": None,
    "views.publish": None,
    "views.push": None,
    "views.update": None,
}
# The same for events: "Required scopes" at https://docs.slack.dev/reference/events/<event>.
SCOPE_OF_EVENT = {
    "app_home_opened": None,
    "app_uninstalled": None,
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "tokens_revoked": None,
    "user_change": "users:read",
}


def registered_ids() -> dict[str, list[str]]:
    """The ids of what is registered, by its kind."""
    routers = (*ROUTERS, slash_command.router, installation.router(cast(Workspaces, None)))
    found = defaultdict(list, event=[event.id for event in events_of(routers)])
    for route in routes_of(routers):
        found[route.kind].append(route.id)
    return found


@pytest.fixture(scope="module")
def registered() -> dict[str, list[str]]:
    return registered_ids()


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return loaded


def test_only_what_is_compared_here_is_registered(registered: dict[str, list[str]]) -> None:
    assert registered.keys() <= {"command", "action", "view", "choice", "event"}
    for names in registered.values():
        assert len(names) == len(set(names))


def test_the_commands_are_the_manifests(
    registered: dict[str, list[str]], manifest: dict[str, Any]
) -> None:
    promised = [command["command"] for command in manifest["features"]["slash_commands"]]
    assert promised == [DEFAULT]
    # The one command has whatever name the installation gives it.
    assert registered["command"] == [""]


def test_the_usage_hint_names_each_subcommand(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    named = [usage.split()[0] for usage in command["usage_hint"].split(" · ")]
    assert sorted(named) == sorted(SUBCOMMANDS)


def test_the_events_are_those_subscribed_to(
    registered: dict[str, list[str]], manifest: dict[str, Any]
) -> None:
    # To Bolt, messages of every kind of channel are one kind of event.
    subscribed = {event.split(".")[0] for event in _subscribed(manifest)}
    assert set(registered.get("event", [])) == subscribed


def test_the_scopes_are_those_that_the_calls_need(manifest: dict[str, Any]) -> None:
    called = set(_methods_called())
    assert called == SCOPE_OF_METHOD.keys()
    needed = {SCOPE_OF_METHOD[method] for method in called}
    # The same methods, for direct messages and private channels.
    needed |= {"im:history", "groups:read"}
    needed |= {SCOPE_OF_EVENT[event] for event in _subscribed(manifest)} | {"commands"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed - {None}


def test_what_can_be_pressed_is_what_is_listened_to(registered: dict[str, list[str]]) -> None:
    assert {id_ for id_, told in _elements() if told} == set(registered["action"])


def test_what_can_be_submitted_is_what_is_listened_to(registered: dict[str, list[str]]) -> None:
    submitted = {view["callback_id"] for view in views("a", "b") if "submit" in view}
    assert submitted == set(registered["view"])


def test_no_id_is_left_over() -> None:
    drawn = {id_ for id_, _ in _elements()} | set(map(ids.unversioned, _values("block_id")))
    drawn |= {view["callback_id"] for view in views("a", "b") if view["type"] == "modal"}
    drawn |= {json.loads(ref).get("do", "") for ref in _values("value") if ref.startswith("{")}
    names = {name: value for name, value in vars(ids).items() if name.isupper() and name[0] != "_"}
    assert len(set(names.values())) == len(names)
    prefixes = {ids.HOME_COUNT, ids.KEPT}
    assert set(names.values()) - prefixes <= drawn
    assert all(any(id_.startswith(prefix) for id_ in drawn) for prefix in prefixes)


def _subscribed(manifest: dict[str, Any]) -> list[str]:
    events = manifest["settings"].get("event_subscriptions", {}).get("bot_events", [])
    return [str(event) for event in events]


def _methods_called() -> Iterator[str]:
    """The Web API methods that are named where the client is asked to call one."""
    for path in (*ROOT.glob("bot/**/*.py"), *ROOT.glob("cli/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("call", "pages", "api_call")
                and isinstance(node.args[0], ast.Constant)
            ):
                yield node.args[0].value


def _blocks() -> Iterator[dict[str, Any]]:
    for surface in (*messages("a", "b"), *views("a", "b")):
        yield from surface["blocks"]


def _elements() -> Iterator[tuple[str, bool]]:
    """The action_id of each element, and whether the app is told when it is used.

    An element of an input block tells the app at submission only, unless the block says otherwise
    (https://docs.slack.dev/reference/block-kit/blocks/input-block).
    """
    for block in _blocks():
        told = block["type"] != "input" or block.get("dispatch_action", False)
        parts = [*block.get("elements", ()), block.get("accessory", {}), block.get("element", {})]
        yield from ((part["action_id"], told) for part in parts if "action_id" in part)


def _values(name: str) -> Iterator[str]:
    """Every text of this name, however deep in a block."""

    def within(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get(name), str):
                yield part[name]
            part = list(part.values())
        if isinstance(part, list):
            for inner in part:
                yield from within(inner)

    for block in _blocks():
        yield from within(block)
