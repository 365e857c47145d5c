"""A smallest valid sample of every block and element, and ways to try them on a surface."""

from __future__ import annotations

from typing import Any

from sandbox.blockkit import InvalidBlocks, check_message, check_view

Json = dict[str, Any]
SURFACES = ("message", "modal", "home")


def plain(text: str = "Words") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "Words") -> Json:
    return {"type": "mrkdwn", "text": text}


def option(value: str = "a", text: str = "A") -> Json:
    return {"text": plain(text), "value": value}


def confirm() -> Json:
    return {
        "title": plain("Sure?"),
        "text": plain("It is final."),
        "confirm": plain("Yes"),
        "deny": plain("No"),
    }


def rich_text(*inline: Json) -> Json:
    parts = list(inline) or [{"type": "text", "text": "Words"}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


IMAGE_URL = "https://example.com/a.png"
FEEDBACK = {"text": plain("Good"), "value": "good"}
WORKFLOW = {"trigger": {"url": "https://slack.com/shortcuts/Ft1/abc"}}

ELEMENTS: dict[str, Json] = {
    "button": {"text": plain()},
    "workflow_button": {"text": plain(), "workflow": WORKFLOW, "action_id": "run"},
    "icon_button": {"text": plain("Delete"), "icon": "trash"},
    "feedback_buttons": {"positive_button": FEEDBACK, "negative_button": FEEDBACK},
    "overflow": {"options": [option()]},
    "checkboxes": {"options": [option()]},
    "radio_buttons": {"options": [option()]},
    "static_select": {"options": [option()]},
    "external_select": {},
    "users_select": {},
    "conversations_select": {},
    "channels_select": {},
    "multi_static_select": {"options": [option()]},
    "multi_external_select": {},
    "multi_users_select": {},
    "multi_conversations_select": {},
    "multi_channels_select": {},
    "datepicker": {},
    "timepicker": {},
    "datetimepicker": {},
    "plain_text_input": {},
    "email_text_input": {},
    "url_text_input": {},
    "number_input": {"is_decimal_allowed": False},
    "rich_text_input": {},
    "file_input": {},
    "image": {"alt_text": "A cat", "image_url": IMAGE_URL},
}

BLOCKS: dict[str, Json] = {
    "section": {"text": plain()},
    "header": {"text": plain()},
    "divider": {},
    "context": {"elements": [mrkdwn()]},
    "actions": {"elements": [{"type": "button", "text": plain()}]},
    "context_actions": {"elements": [{"type": "icon_button", **ELEMENTS["icon_button"]}]},
    "input": {"label": plain("Name"), "element": {"type": "plain_text_input"}},
    "image": {"alt_text": "A cat", "image_url": IMAGE_URL},
    "video": {
        "alt_text": "A film",
        "title": plain(),
        "thumbnail_url": IMAGE_URL,
        "video_url": "https://example.com/v",
    },
    "file": {"external_id": "F1", "source": "remote"},
    "markdown": {"text": "**Words**"},
    "table": {"rows": [[{"type": "raw_text", "text": "a"}]]},
    "rich_text": {"elements": rich_text()["elements"]},
}

INLINE: dict[str, Json] = {
    "text": {"text": "Words"},
    "link": {"url": "https://example.com"},
    "emoji": {"name": "tada"},
    "user": {"user_id": "U1"},
    "usergroup": {"usergroup_id": "S1"},
    "channel": {"channel_id": "C1"},
    "team": {"team_id": "T1"},
    "broadcast": {"range": "here"},
    "date": {"timestamp": 1, "format": "{date}"},
    "color": {"value": "#F405B3"},
}


def element(kind: str, **changes: Any) -> Json:
    return {"type": kind, **ELEMENTS[kind], **changes}


def block(kind: str, **changes: Any) -> Json:
    return {"type": kind, **BLOCKS[kind], **changes}


def inline(kind: str, **changes: Any) -> Json:
    return {"type": kind, **INLINE[kind], **changes}


def holding(kind: str, item: Json) -> Json:
    """A block of this type that holds the element."""
    if kind == "section":
        return block("section", accessory=item)
    if kind == "input":
        return block("input", element=item)
    return block(kind, elements=[item])


def modal(*blocks: Json, **changes: Any) -> Json:
    title = {"type": "modal", "title": plain("Title"), "submit": plain("Go")}
    return {**title, "blocks": list(blocks) or [block("divider")], **changes}


def home(*blocks: Json, **changes: Any) -> Json:
    return {"type": "home", "blocks": list(blocks) or [block("divider")], **changes}


def check(surface: str, *blocks: Json) -> None:
    """Show the blocks on a surface."""
    if surface == "message":
        check_message({"text": "Words", "blocks": list(blocks)})
    else:
        check_view(modal(*blocks) if surface == "modal" else home(*blocks))


def errors(surface: str, *blocks: Json) -> list[str]:
    """What is wrong with the blocks there, without the ``[ERROR]`` mark."""
    try:
        check(surface, *blocks)
    except InvalidBlocks as invalid:
        return [error.removeprefix("[ERROR] ") for error in invalid.errors]
    return []


def place_of(kind: str) -> tuple[str, str]:
    """A surface and a block in which the element is allowed."""
    if kind in ("icon_button", "feedback_buttons"):
        return "message", "context_actions"
    if kind == "workflow_button":
        return "message", "actions"
    if kind == "image":
        return "message", "context"
    return "modal", "actions" if kind in ("button", "overflow") else "input"


def surface_of(kind: str) -> str:
    """A surface on which the block is allowed."""
    return "message" if kind in ("file", "markdown", "table", "context_actions") else "modal"
