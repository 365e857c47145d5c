"""The listeners, by kind: what people type, press and submit, and what Slack reports."""

from __future__ import annotations

from slack_bolt import App

from bot.listeners import actions, commands, events, views
from bot.workspaces import Workspaces


def register(app: App, workspaces: Workspaces) -> None:
    """Registers all listeners."""
    for kind in (commands, actions, views):
        kind.register(app)
    events.register(app, workspaces)
