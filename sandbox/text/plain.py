"""Turn a tree into plain text."""

from __future__ import annotations

from datetime import datetime, tzinfo

from sandbox.text.dates import format_date
from sandbox.text.names import NO_NAMES, Names, mentioned
from sandbox.text.nodes import (
    BLOCKS,
    Broadcast,
    ChannelMention,
    Date,
    Emoji,
    ListOf,
    Node,
    Preformatted,
    Quote,
    Text,
    Tree,
    UsergroupMention,
    UserMention,
)


def to_plain(
    tree: Tree,
    names: Names = NO_NAMES,
    now: datetime | None = None,
    tz: tzinfo | None = None,
) -> str:
    """Return the text of a tree, without markup.

    Arguments:
        tree: what ``parse`` and its siblings return.
        names: the names that mentions show.
        now, tz: an aware datetime and the reader's time zone (that of ``now`` if left out). Without
            ``now``, dates show their fallback.
    """
    text = ""
    for node in tree:
        part = _node(node, names, now, tz)
        if isinstance(node, BLOCKS):
            text += _line_end(text) + part + "\n"
        else:
            text += part
    return text.removesuffix("\n") if tree and isinstance(tree[-1], BLOCKS) else text


def _line_end(text: str) -> str:
    return "" if not text or text.endswith("\n") else "\n"


def _node(node: Node, names: Names, now: datetime | None, tz: tzinfo | None) -> str:
    if isinstance(node, Text):
        return node.text
    if isinstance(node, UserMention | ChannelMention | UsergroupMention | Broadcast):
        return mentioned(node, names)
    if isinstance(node, Emoji):
        return node.character or f":{node.name}:"
    if isinstance(node, Date):
        return date_text(node, now, tz)
    if isinstance(node, ListOf):
        return "\n".join(_items(node, names, now, tz))
    inside = to_plain(node.children, names, now, tz)
    if isinstance(node, Quote):
        return "\n".join("> " + line for line in inside.split("\n"))
    if isinstance(node, Preformatted):
        return inside.removesuffix("\n")
    return inside


def _items(node: ListOf, names: Names, now: datetime | None, tz: tzinfo | None) -> list[str]:
    lines = []
    for number, item in enumerate(node.items, node.first):
        marker = f"{number}." if node.ordered else "•"
        lines.append("  " * node.indent + f"{marker} {to_plain(item, names, now, tz)}")
    return lines


def date_text(date: Date, now: datetime | None, tz: tzinfo | None) -> str:
    """Return a date as its reader sees it, else its fallback or its bare format."""
    zone = tz or (now.tzinfo if now else None)
    if now is None or zone is None:
        return date.fallback or date.format
    return format_date(date.timestamp, date.format, now, zone) or date.fallback or date.format
