"""What a button, a menu or a modal carries back to us: one typed, versioned value of opaque ids.

A person who can press a button can also forge what it carries, so it names the key that is meant
and nothing about what the person may do: that is looked up again at each press.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from keys.credentials.tokens import redact

VERSION = 1
MAX = 2_000  # a button's value; private_metadata may hold more (Slack, button element)
OPTION_MAX = 150  # an option's value (Slack, option object)
_TEXTS = ("do", "key", "delivery", "request", "query", "cursor", "about")
_LATEST = 253_402_300_799  # the last second of year 9999, beyond which datetime cannot go


class InvalidPayload(ValueError):
    """The text is no reference that this version of the bot wrote, or would be too long."""


@dataclass(frozen=True, slots=True)
class ActionPayload:
    """What is meant by a press or a submission. Empty text means: not said.

    Attributes:
        at: when the button was made, in whole seconds; handlers refuse old ones.
        do: which of several things a menu's entry stands for.
        key: a key's id.
        delivery: the id of a token's message.
        request: names one request for a key, so that submitting twice makes one key.
        query: the words that a list was searched for.
        cursor: where a page of a list begins; the list decides its form.
        about: the id of something else than a key, such as a rotation.
    """

    at: datetime
    do: str = ""
    key: str = ""
    delivery: str = ""
    request: str = ""
    query: str = ""
    cursor: str = ""
    about: str = ""

    def expired(self, now: datetime, lifetime: timedelta) -> bool:
        """Whether the reference is older than that, or from the future by more than a minute."""
        return not -timedelta(minutes=1) <= now - self.at <= lifetime

    def encode(self, limit: int = MAX) -> str:
        """The reference as JSON. A token that was typed into a search is left out of it.

        Args:
            limit: the most characters that its place holds.

        Raises:
            InvalidPayload: if it has more.
        """
        given = {name: redact(getattr(self, name)) for name in _TEXTS if getattr(self, name)}
        value = {"v": VERSION, "at": int(self.at.timestamp()), **given}
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if len(text) > limit:
            raise InvalidPayload(f"a reference has {len(text)} characters; {limit} is the most")
        return text

    @classmethod
    def decode(cls, text: str | None) -> ActionPayload:
        """Read what `encode` wrote.

        Raises:
            InvalidPayload: if it is anything else.
        """
        if text is None or len(text) > MAX:
            raise InvalidPayload("a reference is missing or too long")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidPayload("a reference is not JSON") from None
        if not isinstance(value, dict) or value.get("v") != VERSION:
            raise InvalidPayload(f"a reference is not of version {VERSION}")
        return cls(at=_parse_time(value.pop("at", None)), **_texts(value))


def _parse_time(value: Any) -> datetime:
    if type(value) is not int or not 0 <= value <= _LATEST:
        raise InvalidPayload("a reference has no time")
    return datetime.fromtimestamp(value, UTC)


def _texts(value: dict[str, Any]) -> dict[str, str]:
    texts = {name: text for name, text in value.items() if name != "v"}
    if not texts.keys() <= set(_TEXTS):
        raise InvalidPayload("a reference has an unknown part")
    if not all(isinstance(text, str) and text for text in texts.values()):
        raise InvalidPayload("a part of a reference is not text")
    return texts
