"""The listeners, by kind: what people type, press and submit, and what Slack reports."""

from __future__ import annotations

from slack_bolt import App

from bot import events, slash_command
from bot.browse_keys import handlers
from bot.installation.workspaces import Workspaces
from bot.manage_keys import create


def register(app: App, workspaces: Workspaces) -> None:
    """Registers all listeners."""
    for kind in (slash_command, handlers, create):
        kind.register(app)
    events.register(app, workspaces)
