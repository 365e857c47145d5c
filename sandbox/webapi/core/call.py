"""One call of the Web API: its caller, its arguments, and helpers for reading them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.base.errors import SlackError
from sandbox.state.installation import Installation
from sandbox.state.models import Channel, ChannelKind, Json
from sandbox.state.trigger_ids import TriggerIds
from sandbox.state.workspace import Workspace
from sandbox.webapi.core.scheduled_messages import ScheduledMessages

Caller = Literal["nobody", "any", "bot", "app", "config"]
"""Whose token a method takes: none, any, the bot's, the app-level one, or a configuration token."""


@dataclass(frozen=True)
class Method:
    """A method: its function, the scopes of which it needs one, and who may call it."""

    run: "Callable[[Call], Json]"
    scopes: tuple[str, ...] = ()
    caller: Caller = "bot"


@dataclass
class Call:
    """One call, as its method sees it. `events` are emitted once the method is done."""

    workspace: Workspace
    install: Installation
    triggers: TriggerIds
    connect: Callable[[], str] | None
    args: Json
    scheduled_messages: ScheduledMessages = field(default_factory=ScheduledMessages)
    address: Callable[[], str] | None = None
    warnings: list[str] = field(default_factory=list)
    events: list[tuple[Json, str | None]] = field(default_factory=list)

    def given(self, name: str) -> bool:
        return self.args.get(name) not in (None, "")

    def text(self, name: str, *, missing: str = "invalid_arguments") -> str:
        """Return a required argument as text; `missing` is the error when there is none."""
        value = self.args.get(name)
        if value is None or value == "":
            if missing != "invalid_arguments":
                raise SlackError(missing)
            messages = {"messages": [f"[ERROR] missing required field: {name}"]}
            raise SlackError(missing, response_metadata=messages)
        if not isinstance(value, str):
            raise SlackError("invalid_arguments")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """Return an argument as an integer; without a default it is required."""
        if not self.given(name) and default is not None:
            return default
        try:
            return int(self.args[name])
        except (KeyError, TypeError, ValueError):
            messages = {"messages": [f"[ERROR] must be a whole number: {name}"]}
            raise SlackError("invalid_arguments", response_metadata=messages) from None

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.args.get(name)
        if value is None or value == "":
            return default
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true")

    def json(self, name: str, *, broken: str = "invalid_arguments") -> Any:
        """Return a JSON argument: unchanged from a JSON body, decoded from a form's text."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if value == "":
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise SlackError(broken) from None

    def upload_url(self, secret: str) -> str:
        """Return the URL to upload a file to. Raises SlackError where nothing is served."""
        if self.address is None:
            raise SlackError("internal_error")
        return f"{self.address()}upload/{secret}"

    def need_team(self) -> None:
        """Raise ``team_not_found`` unless the call says in which workspace, where it must."""
        if self.install.org_wide and self.args.get("team_id") != self.workspace.team_id:
            raise SlackError("team_not_found")

    def need(self, scope: str) -> None:
        """Raise ``missing_scope`` unless the app was granted `scope`."""
        if scope not in self.install.scopes:
            raise missing_scope(self.install, scope)

    def channel(self, name: str = "channel") -> Channel:
        """Return the channel itself by its id, if the app can see it: hold the lock.

        Raises:
            SlackError: ``channel_not_found``, also for private ones that the app is not in.
        """
        found = self.workspace.channels.get(self.text(name, missing="channel_not_found"))
        if found is None or not self.can_see(found):
            raise SlackError("channel_not_found")
        return found

    def can_see(self, channel: Channel) -> bool:
        return channel.kind is ChannelKind.PUBLIC or self.install.bot_user in channel.members


def missing_scope(install: Installation, required: str) -> SlackError:
    provided = ",".join(sorted(install.scopes))
    return SlackError("missing_scope", needed=required, provided=provided)
