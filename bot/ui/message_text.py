"""The text of a message, made from its blocks: what a phone shows, and what screen readers read.

A phone's notification shows a message's `text` alone, and screen readers read it instead of the
blocks. So it has the same words as they do, the first block first, without markup. People and
channels stay references, which `spell_out` replaces by names when the message is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from runtime.display import visible

# `chat.update` refuses a text of more than 4,000 characters; names are longer than ids.
TEXT_MAX = 3_000
_PERSON = "a colleague"
_CHANNEL = "a channel"
_REFERENCE = re.compile(r"<([@#])([A-Z0-9]+)(?:\|[^<>]*)?>")
_DATE = re.compile(r"<!date\^(\d+)\^([^|>]*)\|([^>]*)>")
_LINK = re.compile(r"<(?:https?|mailto)[^|>]*\|([^>]*)>")
_STYLED = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^\n]*?\S)\1(?![\w*_~])")
_EMOJI = re.compile(r"(?<!\S):[a-z0-9_+-]+:(?!\S)")
_BARS = re.compile(r"[█░▁▂▃▄▅▆▇]+")
_SPACES = re.compile(r"[ \t]+")
# Where a date stands after a comma it says when the event was: a notification has its own time.
_BESIDE = ", "

BY_NAME = "user_by_name"
"""Our own element of rich text: a user's name that mentions no one. Slack never gets it."""

# Returns the name of a user or channel by its id; None if it is not known.
NameOf = Callable[[str], str | None]


def text_of(blocks: Iterable[Mapping[str, Any]]) -> str:
    """Return the words of a message's blocks, a line each, without markup and without a token.

    Buttons and menus are left out: screen readers find them beside the text.
    """
    parts = (_tidy(part) for block in blocks for part in _parts(block))
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= TEXT_MAX else _cut(text)


def spell_out(text: str, name_of: NameOf) -> str:
    """Replace references to people and channels by their names.

    Args:
        name_of: may ask Slack; for an unknown id the text has `a colleague` or `a channel`.
    """

    def name(reference: re.Match[str]) -> str:
        is_person = reference[1] == "@"
        if known := name_of(reference[2]):
            return _escape(visible(known if is_person else f"#{known}"))
        words = _PERSON if is_person else _CHANNEL
        before = text[: reference.start()].rstrip(" ")
        starts = not before or before[-1] in ".!?\n"
        return words[0].upper() + words[1:] if starts else words

    return _REFERENCE.sub(name, text)


def name_people(
    blocks: Iterable[Mapping[str, Any]], name_of: NameOf, *, is_private: bool = False
) -> list[dict[str, Any]]:
    """Replace the users to be named without a mention (`BY_NAME`) by text with their names.

    Args:
        is_private: whether only one other user sees the blocks, as a modal or a message just for
            them. A mention notifies no one there, so it stands in for an unknown name.
    """
    return [_named(block, name_of, is_private) for block in blocks]


def _named(part: Any, name_of: NameOf, is_private: bool) -> Any:
    if isinstance(part, list):
        return [_named(each, name_of, is_private) for each in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") != BY_NAME:
        return {key: _named(value, name_of, is_private) for key, value in part.items()}
    user_id = str(part["user_id"])
    known = name_of(user_id)
    if is_private and not known:
        return {"type": "user", "user_id": user_id}
    name = visible(known or f"{_PERSON} ({user_id})")
    return {"type": "text", "text": name, "style": {"bold": True}}


def _cut(text: str) -> str:
    """Shorten a text, not within a reference or an escaped character."""
    kept = text[: TEXT_MAX - 1]
    for opened, closed in (("<", ">"), ("&", ";")):
        start = kept.rfind(opened)
        if start > kept.rfind(closed):
            kept = kept[:start]
    return f"{kept}…"


def _parts(block: Mapping[str, Any]) -> Iterator[str]:
    kind = block["type"]
    if kind == "rich_text":
        for element in block["elements"]:
            yield from _rich_lines(element)
    elif kind == "context":
        yield " ".join(_words(element) for element in block["elements"])
    elif kind in ("section", "header"):
        if "text" in block:
            yield _words(block["text"])
        for field in block.get("fields", ()):
            label, _, value = field["text"].partition("\n")
            yield _words({**field, "text": f"{label.strip('*')}: {value}" if value else label})
    elif kind == "image":
        yield _escape(str(block["alt_text"]))


def _rich_lines(element: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a rich text's part; a code block may contain a token, and has none."""
    if element["type"] == "rich_text_list":
        for item in element["elements"]:
            yield from _rich_lines(item)
    elif element["type"] in ("rich_text_section", "rich_text_quote"):
        yield "".join(map(_piece, element["elements"]))


def _piece(element: Mapping[str, Any]) -> str:
    match element["type"]:
        case "user" | "user_by_name":
            return f"<@{element['user_id']}>"
        case "channel":
            return f"<#{element['channel_id']}>"
        case "date":
            form = str(element["format"])
            before, brace, _ = form.partition("{")
            return "" if before == _BESIDE and brace else _date(int(element["timestamp"]), form)
        case "link":
            return _escape(str(element.get("text") or ""))
        case "text":
            text = _escape(str(element["text"]))
            return f"“{text}”" if (element.get("style") or {}).get("bold") else text
    return ""


def _words(element: Mapping[str, Any]) -> str:
    """Return the words of a text object, or what a picture shows."""
    if element["type"] == "image":
        return _escape(str(element["alt_text"]))
    text = str(element["text"])
    if _BARS.fullmatch(text):
        return ""
    if element["type"] == "plain_text":
        return text.replace("<", "&lt;").replace(">", "&gt;")
    # Nothing within backticks is markup.
    pieces = text.split("`")
    return "".join(
        piece if position % 2 else _without_markup(piece) for position, piece in enumerate(pieces)
    )


def _without_markup(text: str) -> str:
    text = _DATE.sub(lambda found: _date(int(found[1]), found[2]), text)
    text = _LINK.sub(r"\1", text)
    text = _STYLED.sub(r"\2", text)
    return _BARS.sub("", _EMOJI.sub("", text))


def _date(timestamp: int, form: str) -> str:
    """Return a date as text, with the words before it; Slack formats none in a notification."""
    at = datetime.fromtimestamp(timestamp, UTC)
    before = form.partition("{")[0]
    day = f"{at:%b} {at.day}, {at.year}"
    return f"{before}{day} at {at:%H:%M} UTC" if "time}" in form else f"{before}{day}"


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
