"""Check and read Slack's signed requests: the signature over the raw bytes first, then the rest.

What is not signed is answered with 401 before anything parses it; what is signed and cannot be read
with 400. Source: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from types import NoneType
from typing import Any
from urllib.parse import parse_qs

from slack_bolt import BoltRequest
from starlette.datastructures import Headers

OLDEST_SECONDS = 300
"""How far a request's time may be from ours, in both directions."""

_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)


_TEXT = (str, NoneType)
# Where Slack names a thing by its id, or describes it.
_NAMED = (str, dict, NoneType)
_OBJECTS = frozenset({"event", "view", "message", "container", "item"})
_OF_OBJECTS = frozenset({"actions", "authorizations"})
_TYPES: dict[str, tuple[type, ...]] = {
    "event": (dict,),
    "view": (dict,),
    **dict.fromkeys(("message", "container", "state", "item"), (dict, NoneType)),
    **dict.fromkeys(_OF_OBJECTS, (list,)),
    **dict.fromkeys(("user", "channel", "team", "enterprise"), _NAMED),
    **dict.fromkeys(
        ("type", "subtype", "team_id", "user_id", "enterprise_id", "bot_id", "action_id"), _TEXT
    ),
    **dict.fromkeys(("callback_id", "trigger_id", "response_url", "command", "event_id"), _TEXT),
}


class Unreadable(Exception):
    """The body is not one that Slack sends; the message says why, without repeating it."""


def is_signed(secret: str, headers: Headers, body: bytes, now: Callable[[], float]) -> bool:
    """Return whether a request has Slack's signature, and is not older than five minutes.

    Args:
        secret: the app's signing secret.
        now: returns seconds since 1970.
    """
    stamps = headers.getlist("x-slack-request-timestamp")
    signatures = headers.getlist("x-slack-signature")
    if len(stamps) != 1 or len(signatures) != 1 or not _TIME.fullmatch(stamps[0]):
        return False
    if abs(now() - int(stamps[0])) > OLDEST_SECONDS:
        return False
    signed = b"v0:" + stamps[0].encode("ascii") + b":" + body
    expected = b"v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
    # Headers are decoded from Latin-1, so this cannot fail.
    return hmac.compare_digest(expected, signatures[0].encode("latin-1"))


def read(headers: Headers, query: dict[str, str], body: bytes) -> BoltRequest:
    """Return a signed request for Bolt.

    Raises:
        Unreadable: if its body is not text in UTF-8, or neither a form nor a JSON object.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("The body is not UTF-8 text.") from None
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    payload = text if kind == "application/json" else _payload(text)
    if payload is not None:
        _check_object(payload)
    try:
        return BoltRequest(body=text, query=query, headers=dict(headers))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        # Bolt looks for the workspace and the person in it.
        raise Unreadable("The body is not one that Slack sends.") from None


def _payload(form: str) -> str | None:
    try:
        fields = parse_qs(form, max_num_fields=1_000)
    except ValueError:
        raise Unreadable("The body is not a form.") from None
    return fields["payload"][0] if "payload" in fields else None


def _check_object(text: str) -> None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not whole, valid JSON.") from None
    if not isinstance(found, dict):
        raise Unreadable("The body is not a JSON object.")
    if not _has_known_types(found):
        raise Unreadable("The body is not one that Slack sends.")


def _has_known_types(found: dict[str, Any], depth: int = 2) -> bool:
    """Return whether each field that Bolt or this program looks at has a type that Slack gives it.

    Further down are texts and metadata of other apps, in which any name may mean anything.
    """
    for name, value in found.items():
        if not isinstance(value, _TYPES.get(name, object)):
            return False
        inner: list[Any] = []
        if isinstance(value, list):
            inner = value if name in _OF_OBJECTS else []
        elif name in _OBJECTS and value:
            inner = [value]
        if not all(isinstance(one, dict) for one in inner):
            return False
        if depth and not all(_has_known_types(one, depth - 1) for one in inner):
            return False
    return True
