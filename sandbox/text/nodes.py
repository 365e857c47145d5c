"""The syntax tree of formatted text, from mrkdwn and from rich text.

Leaves hold text as people read it, with no escapes left. A ``Tree`` is a tuple of nodes; of these
``Preformatted``, ``Quote`` and ``ListOf`` are blocks on separate lines, all others flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Text:
    """Plain text, with ``\\n`` where a line ends."""

    text: str


@dataclass(frozen=True)
class Bold:
    """``*bold*``."""

    children: Tree


@dataclass(frozen=True)
class Italic:
    """``_italic_``."""

    children: Tree


@dataclass(frozen=True)
class Strike:
    """``~struck~``."""

    children: Tree


@dataclass(frozen=True)
class Underline:
    """Underlined text; only rich text has it."""

    children: Tree


@dataclass(frozen=True)
class Code:
    """A code span; links and mentions in it work, other formatting does not."""

    children: Tree


@dataclass(frozen=True)
class Link:
    """A link to ``url``, shown as ``children``."""

    url: str
    children: Tree


@dataclass(frozen=True)
class UserMention:
    """``<@U…|label>``; the label is used only for an unknown id."""

    user_id: str
    label: str = ""


@dataclass(frozen=True)
class ChannelMention:
    """``<#C…|label>``."""

    channel_id: str
    label: str = ""


@dataclass(frozen=True)
class UsergroupMention:
    """``<!subteam^S…|label>``."""

    usergroup_id: str
    label: str = ""


@dataclass(frozen=True)
class Broadcast:
    """``<!here>``, ``<!channel>`` or ``<!everyone>``."""

    range: str


@dataclass(frozen=True)
class Date:
    """A date that every reader sees in their time zone.

    ``timestamp`` is in seconds since 1970; ``format`` holds tokens such as ``{date_short}``;
    ``fallback`` is for readers that cannot format dates; ``url`` may be empty.
    """

    timestamp: int
    format: str
    fallback: str
    url: str = ""


@dataclass(frozen=True)
class Emoji:
    """``:name:``; ``character`` is empty for an emoji that has no picture here."""

    name: str
    character: str = ""


@dataclass(frozen=True)
class Preformatted:
    """A block of text in which every space counts."""

    children: Tree


@dataclass(frozen=True)
class Quote:
    """Quoted lines."""

    children: Tree


@dataclass(frozen=True)
class ListOf:
    """A list; ``first`` is the number of its first item if it is ordered."""

    items: tuple[Tree, ...]
    ordered: bool = False
    indent: int = 0
    first: int = 1


Node: TypeAlias = (
    Text
    | Bold
    | Italic
    | Strike
    | Underline
    | Code
    | Link
    | UserMention
    | ChannelMention
    | UsergroupMention
    | Broadcast
    | Date
    | Emoji
    | Preformatted
    | Quote
    | ListOf
)
Tree: TypeAlias = tuple[Node, ...]

BLOCKS = (Preformatted, Quote, ListOf)
"""Nodes that are blocks on separate lines."""


def code_spans(tree: Tree) -> list[Code | Preformatted]:
    """Return every code span and preformatted block, in reading order."""
    found: list[Code | Preformatted] = []
    for node in tree:
        if isinstance(node, Code | Preformatted):
            found.append(node)
        elif isinstance(node, ListOf):
            for item in node.items:
                found += code_spans(item)
        elif isinstance(node, Bold | Italic | Strike | Underline | Link | Quote):
            found += code_spans(node.children)
    return found
