"""What people learn of a message without opening it: on a phone, on a desktop, by its voice.

A phone's notification and a screen reader have the message's ``text`` alone; a desktop takes the
blocks first (https://docs.slack.dev/changelog/2026/07/13/notification-changes).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sandbox.text.mrkdwn import parse, unescape
from sandbox.text.names import NO_NAMES, Names
from sandbox.text.plain import to_plain
from sandbox.text.visible_text import plain_of_message

_IN_ANGLES = re.compile(r"<[^<>\n]+>")


@dataclass(frozen=True)
class Notification:
    """A message as it is announced.

    Attributes:
        phone: on a phone's lock screen; empty if the message has no text.
        desktop: in a desktop's notification.
        screen_reader: what a screen reader reads.
    """

    phone: str
    desktop: str
    screen_reader: str


def notification_of(
    message: Mapping[str, Any],
    names: Names = NO_NAMES,
    now: datetime | None = None,
    tz: tzinfo | None = None,
) -> Notification:
    """Return how a message is announced.

    Formatting is not rendered there, so ``*bold*`` keeps its asterisks.

    Arguments:
        message, names, now, tz: see ``plain_of_message``.
    """
    text = _announced(str(message.get("text") or ""), names, now, tz)
    seen = plain_of_message(_without_controls(message), names, now, tz)
    return Notification(phone=text, desktop=seen, screen_reader=text or seen)


def _without_controls(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without what can be pressed."""
    blocks = [
        {name: value for name, value in block.items() if name != "accessory"}
        for block in message.get("blocks") or []
        if block.get("type") not in ("actions", "context_actions", "input")
    ]
    return {**message, "blocks": blocks}


def _announced(text: str, names: Names, now: datetime | None, tz: tzinfo | None) -> str:
    """Return text with names for ids and dates for timestamps, and its formatting as it is."""
    parts, end = list[str](), 0
    for found in _IN_ANGLES.finditer(text):
        parts += [unescape(text[end : found.start()]), to_plain(parse(found[0]), names, now, tz)]
        end = found.end()
    return "".join([*parts, unescape(text[end:])]).strip()
