"""The part of a workspace that is saved between runs, as JSON and back.

Saved are the app's ids and secrets, people, channels with their members and read marks, messages
that are not ephemeral, Homes and user groups. Ephemeral messages, modals, triggers and response
URLs are not: Slack forgets them soon as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from sandbox.state.installation import Installation
from sandbox.state.models import Account, Channel, Message, Usergroup, View
from sandbox.state.workspace import Workspace

FORMAT = 1
"""Increased when older files can no longer be read."""

_ADDED = {"config_token"}
"""What older files lack: the app gets a new one."""

Redact = Callable[[str], str]
"""Returns the part of a text that may be written."""


@dataclass
class Snapshot:
    """The saved part of a workspace."""

    app: dict[str, str]
    team_id: str
    other_team_id: str
    last_ts: str
    accounts: list[Account] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    usergroups: list[Usergroup] = field(default_factory=list)
    homes: list[View] = field(default_factory=list)
    migrated: dict[str, str] = field(default_factory=dict)


_STATE = TypeAdapter(Snapshot)


def take_snapshot(workspace: Workspace, install: Installation, redact: Redact) -> dict[str, Any]:
    """Return the workspace as JSON, with `redact` applied to all but the app's own secrets."""
    with workspace.lock:
        state = Snapshot(
            install.to_json(),
            workspace.team_id,
            workspace.other_team_id,
            workspace.last_ts,
            list(workspace.accounts.values()),
            list(workspace.channels.values()),
            [m for ms in workspace.messages.values() for m in ms if m.ephemeral_for is None],
            list(workspace.usergroups.values()),
            [workspace.views[view] for view in workspace.homes.values()],
            dict(workspace.migrated),
        )
        saved: dict[str, Any] = _STATE.dump_python(state, mode="json")
    app = saved.pop("app")
    return {"format": FORMAT, "app": app, **_redacted(saved, redact)}


def parse_snapshot(saved: dict[str, Any]) -> Snapshot:
    """Parse what `take_snapshot` returned. Raises ValueError if something is missing."""
    state = _STATE.validate_python(saved)
    people = {account.id for account in state.accounts}
    known = Installation().to_json().keys()
    if not known - _ADDED <= state.app.keys() <= known or state.app["bot_user"] not in people:
        raise ValueError("the app is incomplete")
    return state


def restore(state: Snapshot, workspace: Workspace) -> None:
    """Fill an empty workspace from a snapshot."""
    with workspace.change():
        workspace.other_team_id = state.other_team_id
        workspace.advance_ts_to(state.last_ts)
        workspace.accounts = {a.id: a for a in state.accounts}
        workspace.channels = {c.id: c for c in state.channels}
        workspace.migrated = dict(state.migrated)
        workspace.usergroups = {g.id: g for g in state.usergroups}
        for message in state.messages:
            workspace.messages.setdefault(message.channel, []).append(message)
        for view in state.homes:
            workspace.views[view.id] = view
            workspace.homes[view.user] = view.id


def _redacted(value: Any, redact: Redact) -> Any:
    if isinstance(value, dict):
        return {_encodable(k, redact): _redacted(v, redact) for k, v in value.items()}
    if isinstance(value, list):
        return [_redacted(v, redact) for v in value]
    return _encodable(value, redact) if isinstance(value, str) else value


def _encodable(text: str, redact: Redact) -> str:
    """Redact a text, and replace lone surrogates, which no UTF-8 file can hold."""
    return redact(text).encode("utf-8", "replace").decode()
