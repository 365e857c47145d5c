"""What a request of Slack's is about, read without trusting its shape: nothing here raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMMAND = "command"
EVENT = "event_callback"
SUBMISSION = "view_submission"
# Slack has an answer for none of these, or only an empty one, and nobody reads it.
UNANSWERED = frozenset({"view_closed", "dialog_cancellation", "workflow_step_edit"})
# The answer is a list of options.
SUGGESTIONS = frozenset({"block_suggestion", "dialog_suggestion"})


def kind_of(body: Mapping[str, Any]) -> str:
    """Return Slack's name of a payload's kind; `command` for a slash command, which has none."""
    return COMMAND if "command" in body else _text(body, "type")


def id_of(body: Mapping[str, Any]) -> str:
    """Return what a payload is for: an event's type, an action_id or a callback_id."""
    kind = kind_of(body)
    if kind == COMMAND:
        return _text(body, "command")
    if kind == EVENT:
        return _text(body.get("event"), "type")
    if kind == "block_actions":
        actions = body.get("actions")
        return _text(actions[0], "action_id") if isinstance(actions, list) and actions else ""
    return _text(body.get("view"), "callback_id")


def make_readable(body: dict[str, Any]) -> None:
    """Add what Bolt reads of every payload without looking whether it is there."""
    actions = body.get("actions")
    if "actions" in body and not (isinstance(actions, list) and actions):
        body["actions"] = [{}]
    if isinstance(body.get("view"), dict):
        body["view"].setdefault("type", "")
    if body.get("type") == "workflow_step_edit":
        body.setdefault("workflow_step", {})


def _text(found: Any, name: str) -> str:
    value = found.get(name) if isinstance(found, Mapping) else None
    return value if isinstance(value, str) else ""
