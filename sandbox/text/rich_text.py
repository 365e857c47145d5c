"""Parse rich text blocks, the structured counterpart of mrkdwn.

Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block. The block is expected to
have passed ``sandbox.blockkit``; unknown elements are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sandbox.text.emoji import EMOJI
from sandbox.text.nodes import (
    Bold,
    Broadcast,
    ChannelMention,
    Code,
    Date,
    Emoji,
    Italic,
    Link,
    ListOf,
    Node,
    Preformatted,
    Quote,
    Strike,
    Text,
    Tree,
    Underline,
    UsergroupMention,
    UserMention,
)

Json = Mapping[str, Any]

DEEPEST: Final = 8
"""The deepest indent of a list (page: rich-text-list-element)."""

# Innermost first: code inside italics inside bold.
STYLES: Final[tuple[tuple[str, Callable[[Tree], Node]], ...]] = (
    ("code", Code),
    ("underline", Underline),
    ("strike", Strike),
    ("italic", Italic),
    ("bold", Bold),
)


def parse_rich_text(block: Json) -> Tree:
    """Parse a ``rich_text`` block."""
    nodes: list[Node] = []
    for element in _objects(block.get("elements")):
        nodes += _element(element)
    return tuple(nodes)


def _element(element: Json) -> Tree:
    kind = element.get("type")
    if kind == "rich_text_list":
        return (_list(element),)
    children = _inline(element)
    if kind == "rich_text_preformatted":
        return (Preformatted(children),)
    if kind == "rich_text_quote":
        return (Quote(children),)
    return children if kind == "rich_text_section" else ()


def _list(element: Json) -> ListOf:
    return ListOf(
        items=tuple(_inline(item) for item in _objects(element.get("elements"))),
        ordered=element.get("style") == "ordered",
        indent=min(max(_number(element.get("indent")), 0), DEEPEST),
        first=1 + _number(element.get("offset")),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _inline(element: Json) -> Tree:
    nodes: list[Node] = []
    for item in _objects(element.get("elements")):
        read = READERS.get(_string(item, "type"))
        if read is not None:
            nodes.append(_styled(read(item), item.get("style")))
    return tuple(nodes)


def _styled(node: Node, style: object) -> Node:
    if isinstance(style, Mapping):
        for name, wrap in STYLES:
            if style.get(name) is True:
                node = wrap((node,))
    return node


def _objects(value: object) -> Iterable[Json]:
    if isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Mapping))


def _string(item: Json, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _text(item: Json) -> Node:
    return Text(_string(item, "text"))


def _link(item: Json) -> Node:
    url = _string(item, "url")
    return Link(url, (Text(_string(item, "text") or url),))


def _emoji(item: Json) -> Node:
    name = _string(item, "name")
    return Emoji(name, EMOJI.get(name) or _character(_string(item, "unicode")))


def _character(code_points: str) -> str:
    """``1f44b-1f3fd`` as the emoji it encodes; empty if it encodes none."""
    try:
        character = "".join(chr(int(point, 16)) for point in code_points.split("-"))
        character.encode()
    except (ValueError, OverflowError):
        return ""
    return character


def _date(item: Json) -> Node:
    return Date(
        _number(item.get("timestamp")),
        _string(item, "format"),
        _string(item, "fallback"),
        _string(item, "url"),
    )


READERS: Final[dict[str, Callable[[Json], Node]]] = {
    "text": _text,
    "link": _link,
    "emoji": _emoji,
    "date": _date,
    "user": lambda item: UserMention(_string(item, "user_id")),
    "usergroup": lambda item: UsergroupMention(_string(item, "usergroup_id")),
    "channel": lambda item: ChannelMention(_string(item, "channel_id")),
    "team": lambda item: Text(_string(item, "team_id")),
    "broadcast": lambda item: Broadcast(_string(item, "range")),
    "color": lambda item: Text(_string(item, "value")),
}
