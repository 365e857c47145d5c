"""The payload of a button, menu or modal: one typed, versioned value of opaque ids.

A user who can press a button can also forge its payload. So it only names a key; what the user may
do with it is looked up again at each press.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from keys.credentials.tokens import redact
from runtime.display import escaped_json, is_hidden

VERSION = 1
MAX = 2_000  # a button's value; private_metadata may hold more (Slack, button element)
OPTION_MAX = 150  # an option's value (Slack, option object)
_TEXTS = ("do", "key", "delivery", "request", "query", "cursor", "about")
_LATEST = 253_402_300_799  # the last second of year 9999, beyond which datetime cannot go


class InvalidPayload(ValueError):
    """The text is not a payload that this version can read, or would be too long."""


@dataclass(frozen=True, slots=True)
class ActionPayload:
    """What a press or a submission is about. An empty text means that it is not given.

    Attributes:
        at: when the button was made, in whole seconds; handlers refuse old ones.
        do: what a menu's entry does, one of ids.DO_….
        key: a key's id.
        delivery: the id of a token's delivery.
        request: names one request for a key, so that submitting twice makes one key.
        query: the words that a list was searched for.
        cursor: where a page of a list begins; its form is up to the list.
        about: the id of something other than a key, such as a rotation.
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
        """Return whether the payload is too old, or more than a minute in the future."""
        return not -timedelta(minutes=1) <= now - self.at <= lifetime

    def encode(self, limit: int = MAX) -> str:
        """Return the payload as JSON. A token that was typed into a search is removed.

        Args:
            limit: the longest text that Slack takes there.

        Raises:
            InvalidPayload: if the JSON is longer.
        """
        given = {name: redact(getattr(self, name)) for name in _TEXTS if getattr(self, name)}
        value = {"v": VERSION, "at": int(self.at.timestamp()), **given}
        text = escaped_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        if len(text) > limit:
            raise InvalidPayload(f"a payload has {len(text)} characters; at most {limit} fit")
        return text

    @classmethod
    def decode(cls, text: str | None) -> ActionPayload:
        """Read what `encode` wrote.

        Raises:
            InvalidPayload: if it is anything else.
        """
        if text is None or len(text) > MAX:
            raise InvalidPayload("the payload is missing or too long")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidPayload("the payload is not JSON") from None
        if not isinstance(value, dict) or value.get("v") != VERSION:
            raise InvalidPayload(f"the payload is not of version {VERSION}")
        return cls(at=_parse_time(value.pop("at", None)), **_texts(value))


def _parse_time(value: Any) -> datetime:
    if type(value) is not int or not 0 <= value <= _LATEST:
        raise InvalidPayload("the payload has no time")
    return datetime.fromtimestamp(value, UTC)


def _texts(value: dict[str, Any]) -> dict[str, str]:
    texts = {name: text for name, text in value.items() if name != "v"}
    if not texts.keys() <= set(_TEXTS):
        raise InvalidPayload("the payload has an unknown part")
    if not all(isinstance(text, str) and text for text in texts.values()):
        raise InvalidPayload("a part of the payload is not text")
    # All but the search words are ids and words of our own.
    if any(map(is_hidden, "".join(text for name, text in texts.items() if name != "query"))):
        raise InvalidPayload("a part of the payload is not an id")
    return texts
