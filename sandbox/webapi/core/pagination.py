"""Split long answers into pages, with Slack's cursors."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from sandbox.base.errors import SlackError
from sandbox.state.models import Json
from sandbox.webapi.core.call import Call

_T = TypeVar("_T")


def page(
    call: Call, items: Sequence[_T], *, default: int = 100, most: int = 1000
) -> tuple[list[_T], Json]:
    """Return the requested page of `items`, and its ``response_metadata``.

    Args:
        default: the length of a page if the call gives none.
        most: the longest page; a call that asks for more gets this one.

    Raises:
        SlackError: ``invalid_limit`` outside 1 to 1,000; ``invalid_cursor``.
    """
    limit = min(_limit(call, default), most)
    start = _position(call.args.get("cursor"))
    if start > len(items):
        raise SlackError("invalid_cursor")
    end = start + limit
    return list(items[start:end]), {"next_cursor": _cursor(end) if end < len(items) else ""}


def _limit(call: Call, default: int) -> int:
    if not call.given("limit") or str(call.args["limit"]) == "0":
        return default
    try:
        limit = int(call.args["limit"])
    except (TypeError, ValueError, OverflowError):
        raise SlackError("invalid_limit") from None
    if not 1 <= limit <= 1000:
        raise SlackError("invalid_limit")
    return limit


def _cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _position(cursor: object) -> int:
    if cursor in (None, ""):
        return 0
    try:
        word, _, number = base64.b64decode(str(cursor), validate=True).decode().partition(":")
        if word != "next" or not number.isascii() or not number.isdigit():
            raise SlackError("invalid_cursor")
        return int(number)
    except ValueError:
        raise SlackError("invalid_cursor") from None
