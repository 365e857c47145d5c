"""What a live message says now: the value that each kind's function returns."""

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
    """A message as it has to be now.

    Attributes:
        message: None leaves it as it is, and unposted if it was not posted yet.
        again: when to look again; None if the thing has come to its end.
    """

    message: Message | None
    again: datetime | None

    @property
    def fingerprint(self) -> str:
        """Tells whether two drawings look the same."""
        text = json.dumps(self.message, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


# Reads the state of the message's subject; it changes nothing and asks nobody.
Renderer = Callable[[AccountSession, Services, LiveMessage], RenderedMessage]
