"""The content of a live message, as the renderer of its kind returns it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.ui.blocks import Message
from keys.changes.live_messages import LiveMessage
from keys.changes.services import Services
from storage import AccountSession


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """A rendered live message.

    Attributes:
        message: None leaves it as it is, and unposted if it was not posted yet.
        again: when to render it again; None if its subject is finished.
    """

    message: Message | None
    again: datetime | None

    @property
    def fingerprint(self) -> str:
        """A hash of the message, equal for equal messages."""
        text = json.dumps(self.message, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


# Reads the state of the message's subject; it changes nothing and does not call Slack.
Renderer = Callable[[AccountSession, Services, LiveMessage], RenderedMessage]
