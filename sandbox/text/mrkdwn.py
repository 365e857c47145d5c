"""Parse mrkdwn, Slack's markup, as Slack's clients do.

Source: https://docs.slack.dev/messaging/formatting-message-text. In short: ``*bold*``,
``_italic_``, ``~strike~``, code between backticks, quotes after ``>``, and between angle brackets
links, mentions and dates. Literal ``&``, ``<`` and ``>`` arrive as ``&amp;``, ``&lt;`` and
``&gt;``. There is no list syntax. No input is an error: what is not valid markup is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sandbox.text.emoji import EMOJI, SHORTCODE
from sandbox.text.nodes import (
    Bold,
    Broadcast,
    ChannelMention,
    Code,
    Date,
    Emoji,
    Italic,
    Link,
    Node,
    Preformatted,
    Quote,
    Strike,
    Text,
    Tree,
    UsergroupMention,
    UserMention,
)

FENCE: Final = re.compile(r"```(.+?)```", re.DOTALL)
QUOTE_MARK: Final = re.compile(r"(?:&gt;|>)\s?")
QUOTE_REST: Final = re.compile(r"(?:&gt;|>){3}\s?")
BRACKETS: Final = re.compile(r"<([^<>\n]+)>")
BARE_URL: Final = re.compile(r"https?://[^\s<>|`]+")
USER: Final = re.compile(r"@([UW][A-Z0-9]+)")
CHANNEL: Final = re.compile(r"#(C[A-Z0-9]+)")
USERGROUP: Final = re.compile(r"!subteam\^(S[A-Z0-9]+)")
DATE: Final = re.compile(r"!date\^(-?\d{1,15})\^([^^]+)(?:\^([^^]+))?", re.ASCII)
LINK: Final = re.compile(r"(?:https?://|mailto:|tel:|slack://)\S+", re.IGNORECASE)
BROADCASTS: Final = frozenset({"here", "channel", "everyone"})
AFTER_URL: Final = ".,;:!?)]}'\"*_~"
"""Characters that end a sentence or a span rather than a bare URL."""

# A piece of a line: a character still to be parsed, or a finished node.
Piece = str | Node


def parse(source: str) -> Tree:
    """Parse a mrkdwn text, such as a message's ``text``.

    Arguments:
        source: the text as an app sends it, with its escapes.
    """
    nodes: list[Node] = []
    end = 0
    for fence in FENCE.finditer(source):
        nodes += _outside_code(_without_edge(source[end : fence.start()], first=end == 0))
        nodes.append(Preformatted(_literal(_fenced(fence.group(1)))))
        end = fence.end()
    rest = source[end:]
    nodes += _outside_code(rest.removeprefix("\n") if end else rest)
    return tuple(nodes)


def parse_plain(source: str, *, emoji: bool = True) -> Tree:
    """Parse a ``plain_text``: no markup, only escapes and, unless switched off, emoji."""
    pieces: Iterator[Piece] = _emoji(source) if emoji else iter(source)
    return _joined(list(pieces))


def unescape(text: str) -> str:
    """Undo Slack's three escapes (page: escaping text)."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _without_edge(text: str, *, first: bool) -> str:
    """Return the text next to a code block, without the line end that only separates them."""
    return (text if first else text.removeprefix("\n")).removesuffix("\n")


def _fenced(code: str) -> str:
    """Return the content of a code block, whose fences may be on separate lines."""
    return code.removeprefix("\n").removesuffix("\n") if code.strip("\n") else code


def _outside_code(text: str) -> list[Node]:
    """Return the nodes of lines outside code blocks: quotes, and flowing lines."""
    nodes: list[Node] = []
    flowing: list[str] = []
    quoted: list[str] = []
    lines = text.split("\n") if text else []
    for index, line in enumerate(lines):
        if QUOTE_REST.match(line):
            quoted += [QUOTE_REST.sub("", line, count=1), *lines[index + 1 :]]
            break
        if match := QUOTE_MARK.match(line):
            nodes += _flow(flowing)
            flowing = []
            quoted.append(line[match.end() :])
        else:
            nodes += _quote(quoted)
            quoted = []
            flowing.append(line)
    return [*nodes, *_flow(flowing), *_quote(quoted)]


def _flow(lines: list[str]) -> Tree:
    return _inline("\n".join(lines)) if lines else ()


def _quote(lines: list[str]) -> list[Node]:
    return [Quote(_inline("\n".join(lines)))] if lines else []


def _inline(text: str) -> Tree:
    pieces = _code_spans(list(_brackets(text)))
    pieces = _in_runs(pieces, _bare_links)
    pieces = _in_runs(pieces, _emoji)
    return _joined(_styled(pieces))


def _literal(text: str) -> Tree:
    """Parse text in code: only what is in angle brackets has a meaning."""
    return _joined(list(_brackets(text)))


def _brackets(text: str) -> Iterator[Piece]:
    end = 0
    for match in BRACKETS.finditer(text):
        yield from text[end : match.start()]
        node = _bracketed(match.group(1))
        if node is None:
            yield from match.group(0)
        else:
            yield node
        end = match.end()
    yield from text[end:]


def _bracketed(content: str) -> Node | None:
    """Parse what is between angle brackets; ``None`` if it means nothing to Slack."""
    target, _, label = content.partition("|")
    label = unescape(label)
    if match := USER.fullmatch(target):
        return UserMention(match.group(1), label.removeprefix("@"))
    if match := CHANNEL.fullmatch(target):
        return ChannelMention(match.group(1), label.removeprefix("#"))
    if match := USERGROUP.fullmatch(target):
        return UsergroupMention(match.group(1), label.removeprefix("@"))
    if match := DATE.fullmatch(target):
        seconds, form, url = match.groups(default="")
        return Date(int(seconds), unescape(form), label, unescape(url))
    if target.removeprefix("!") in BROADCASTS and target.startswith("!"):
        return Broadcast(target[1:])
    if LINK.fullmatch(target):
        url = unescape(target)
        return Link(url, parse_plain(content.partition("|")[2]) if label else (Text(url),))
    return Text(label) if label and target.startswith("!") else None


def _in_runs(pieces: list[Piece], read: Callable[[str], Iterator[Piece]]) -> list[Piece]:
    """Parse every run of characters; leave finished nodes as they are."""
    done: list[Piece] = []
    run: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            run.append(piece)
        else:
            done += [*read("".join(run)), piece]
            run = []
    return [*done, *read("".join(run))]


def _bare_links(text: str) -> Iterator[Piece]:
    end = 0
    for match in BARE_URL.finditer(text):
        url = match.group(0).rstrip(AFTER_URL)
        if url.endswith("://") or _is_word(text[match.start() - 1 : match.start()]):
            continue
        yield from text[end : match.start()]
        yield Link(unescape(url), (Text(unescape(url)),))
        end = match.start() + len(url)
    yield from text[end:]


def _emoji(text: str) -> Iterator[Piece]:
    end = 0
    for match in SHORTCODE.finditer(text):
        if character := EMOJI.get(match.group(1)):
            yield from text[end : match.start()]
            yield Emoji(match.group(1), character)
            end = match.end()
    yield from text[end:]


def _code_spans(pieces: list[Piece]) -> list[Piece]:
    """Parse the code spans first: nothing inside them is formatted."""
    return _spans(pieces, {"`": lambda inside: Code(_joined(inside))})


def _styled(pieces: list[Piece]) -> list[Piece]:
    """Parse bold, italic and struck spans, which may be nested."""
    return _spans(
        pieces,
        {
            "*": lambda inside: Bold(_joined(_styled(inside))),
            "_": lambda inside: Italic(_joined(_styled(inside))),
            "~": lambda inside: Strike(_joined(_styled(inside))),
        },
    )


def _spans(
    pieces: list[Piece], delimiters: Mapping[str, Callable[[list[Piece]], Node]]
) -> list[Piece]:
    """Replace the pieces between two equal delimiters by the node that the delimiter makes."""
    closers = {delimiter: _next_closers(pieces, delimiter) for delimiter in delimiters}
    done: list[Piece] = []
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        end = None
        if isinstance(piece, str) and piece in delimiters and _opens(pieces, index):
            end = closers[piece][min(index + 2, len(pieces))]
        if end is None or not isinstance(piece, str):
            done.append(piece)
            index += 1
        else:
            done.append(delimiters[piece](pieces[index + 1 : end]))
            index = end + 1
    return done


def _opens(pieces: list[Piece], index: int) -> bool:
    """Return whether it opens a span: not after a letter or digit, not before a space or itself."""
    after = pieces[index + 1] if index + 1 < len(pieces) else " "
    before = pieces[index - 1] if index else None
    return after not in (" ", "\n", "\t", pieces[index]) and not _is_word(before)


def _next_closers(pieces: list[Piece], delimiter: str) -> list[int | None]:
    """Return for every position where this delimiter next closes a span on the same line.

    A delimiter does not close after a space or before a letter or digit: ``2*3*4`` is not bold.
    """
    found: list[int | None] = [None] * (len(pieces) + 1)
    for index in range(len(pieces) - 1, -1, -1):
        after = pieces[index + 1] if index + 1 < len(pieces) else None
        closes = pieces[index] == delimiter and not _is_word(after)
        if closes and index and pieces[index - 1] not in (" ", "\t", "\n"):
            found[index] = index
        elif pieces[index] != "\n":
            found[index] = found[index + 1]
    return found


def _is_word(piece: Piece | None) -> bool:
    return isinstance(piece, str) and piece.isalnum()


def _joined(pieces: list[Piece]) -> Tree:
    """Join pieces into nodes: neighbouring characters become one ``Text``, unescaped."""
    nodes: list[Node] = []
    run: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            run.append(piece)
        else:
            nodes += [*_text(run), piece]
            run = []
    return tuple(node for node in [*nodes, *_text(run)] if node != Text(""))


def _text(run: list[str]) -> list[Node]:
    return [Text(unescape("".join(run)))] if run else []
