"""The listeners, by kind: what people type, press and submit, and what Slack reports."""

from __future__ import annotations

from slack_bolt import App

from bot.context import Context
from bot.listeners import actions, commands, events, views


def register(app: App, context: Context) -> None:
    """Registers all listeners."""
    for kind in (commands, actions, views, events):
        kind.register(app, context)
