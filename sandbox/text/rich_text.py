"""Read rich text blocks, the structured counterpart of mrkdwn.

Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block. The block is expected to
have passed ``sandbox.blockkit``; what is not understood is left out.
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
"""How far a list can be indented (page: rich-text-list-element)."""

# Innermost first: code inside italics inside bold.
STYLES: Final[tuple[tuple[str, Callable[[Tree], Node]], ...]] = (
    ("code", Code),
    ("underline", Underline),
    ("strike", Strike),
    ("italic", Italic),
    ("bold", Bold),
)


def parse_rich_text(block: Json) -> Tree:
    """Read a ``rich_text`` block."""
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
    for part in _objects(element.get("elements")):
        read = READERS.get(_words(part, "type"))
        if read is not None:
            nodes.append(_styled(read(part), part.get("style")))
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


def _words(part: Json, name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""


def _text(part: Json) -> Node:
    return Text(_words(part, "text"))


def _link(part: Json) -> Node:
    url = _words(part, "url")
    return Link(url, (Text(_words(part, "text") or url),))


def _emoji(part: Json) -> Node:
    name = _words(part, "name")
    return Emoji(name, EMOJI.get(name) or _character(_words(part, "unicode")))


def _character(code_points: str) -> str:
    """``1f44b-1f3fd`` as the emoji it stands for; empty if it stands for none."""
    try:
        character = "".join(chr(int(point, 16)) for point in code_points.split("-"))
        character.encode()
    except (ValueError, OverflowError):
        return ""
    return character


def _date(part: Json) -> Node:
    return Date(
        _number(part.get("timestamp")),
        _words(part, "format"),
        _words(part, "fallback"),
        _words(part, "url"),
    )


READERS: Final[dict[str, Callable[[Json], Node]]] = {
    "text": _text,
    "link": _link,
    "emoji": _emoji,
    "date": _date,
    "user": lambda part: UserMention(_words(part, "user_id")),
    "usergroup": lambda part: UsergroupMention(_words(part, "usergroup_id")),
    "channel": lambda part: ChannelMention(_words(part, "channel_id")),
    "team": lambda part: Text(_words(part, "team_id")),
    "broadcast": lambda part: Broadcast(_words(part, "range")),
    "color": lambda part: Text(_words(part, "value")),
}
