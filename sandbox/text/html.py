"""Turn a tree into HTML. All input is escaped; no markup passes through.

Classes that a page may style: ``slack-mention`` (with ``data-id``), ``slack-broadcast``,
``slack-emoji``, ``slack-date``, ``slack-indent-N`` on lists.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from html import escape
from typing import Final

from sandbox.text.names import Mention, Names, mentioned
from sandbox.text.nodes import (
    BLOCKS,
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
from sandbox.text.plain import date_text

TAGS: Final[dict[type[Node], str]] = {
    Bold: "b",
    Italic: "i",
    Strike: "s",
    Underline: "u",
    Code: "code",
    Preformatted: "pre",
    Quote: "blockquote",
}
SAFE_URL: Final = re.compile(r"(?:https?://|mailto:|tel:|slack://)[^\s\x00-\x1f\x7f]+", re.I)
UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Characters that HTML does not allow."""


def to_html(tree: Tree, names: Names, now: datetime, tz: tzinfo) -> str:
    """Return the HTML of a tree, to put inside a ``div``.

    Arguments:
        tree: what ``parse`` and its siblings return.
        names: the names that mentions show.
        now: an aware datetime, from which "today" counts.
        tz: the reader's time zone.
    """
    return _Html(names, now, tz).tree(tree)


def safe_url(url: str) -> str | None:
    """Return the URL if a page may link to it (no ``javascript:`` or ``data:``), else ``None``."""
    return url if SAFE_URL.fullmatch(url) else None


class _Html:
    def __init__(self, names: Names, now: datetime, tz: tzinfo) -> None:
        self.names = names
        self.now = now
        self.tz = tz

    def tree(self, tree: Tree, *, keep_lines: bool = False) -> str:
        pieces: list[str] = []
        for index, node in enumerate(tree):
            if isinstance(node, Text):
                before = index > 0 and isinstance(tree[index - 1], BLOCKS)
                after = index + 1 < len(tree) and isinstance(tree[index + 1], BLOCKS)
                text = node.text[before and node.text.startswith("\n") :]
                text = text.removesuffix("\n") if after else text
                pieces.append(_text(text, keep_lines=keep_lines))
            else:
                pieces.append(self.node(node))
        return "".join(pieces)

    def node(self, node: Node) -> str:
        if isinstance(node, Text):
            return _text(node.text)
        if isinstance(node, UserMention | ChannelMention | UsergroupMention | Broadcast):
            return self.mention(node)
        if isinstance(node, Emoji):
            return _emoji(node)
        if isinstance(node, Date):
            return self.date(node)
        if isinstance(node, Link):
            return _link(node.url, self.tree(node.children))
        if isinstance(node, ListOf):
            return self.list(node)
        tag = TAGS[type(node)]
        inside = self.tree(node.children, keep_lines=isinstance(node, Preformatted))
        return f"<{tag}>{inside}</{tag}>"

    def mention(self, node: Mention) -> str:
        text = _text(mentioned(node, self.names))
        if isinstance(node, Broadcast):
            return f'<span class="slack-mention slack-broadcast">{text}</span>'
        if isinstance(node, UserMention):
            target = node.user_id
        elif isinstance(node, ChannelMention):
            target = node.channel_id
        else:
            target = node.usergroup_id
        return f'<span class="slack-mention" data-id="{_attribute(target)}">{text}</span>'

    def date(self, node: Date) -> str:
        text = _text(date_text(node, self.now, self.tz))
        title = _attribute(node.fallback)
        element = f'<span class="slack-date" title="{title}">{text}</span>'
        return _link(node.url, element) if node.url else element

    def list(self, node: ListOf) -> str:
        items = "".join(f"<li>{self.tree(item)}</li>" for item in node.items)
        indent = f'class="slack-indent-{int(node.indent)}"'
        if node.ordered:
            return f'<ol {indent} start="{int(node.first)}">{items}</ol>'
        return f"<ul {indent}>{items}</ul>"


def _text(text: str, *, keep_lines: bool = False) -> str:
    clean = escape(UNSEEN.sub("\ufffd", text), quote=True)
    return clean if keep_lines else clean.replace("\n", "<br>")


def _attribute(text: str) -> str:
    return escape(UNSEEN.sub("\ufffd", text), quote=True)


def _emoji(node: Emoji) -> str:
    name = _attribute(f":{node.name}:")
    if not node.character:
        return name
    character = _text(node.character)
    return f'<span class="slack-emoji" role="img" aria-label="{name}">{character}</span>'


def _link(url: str, inside: str) -> str:
    target = safe_url(url)
    if target is None:
        return inside
    href = _attribute(target)
    return f'<a href="{href}" target="_blank" rel="noopener noreferrer">{inside}</a>'
