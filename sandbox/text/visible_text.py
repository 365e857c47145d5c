"""Turn a message or a view into all its visible text, in reading order.

Buttons read ``[Revoke]``, menus ``[Pick one ▾]``, overflow menus ``[⋯ Rename | Revoke]``, options
``[x] Read`` or ``( ) Read``, inputs their label and then ``[what is in them]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final

from sandbox.text.elements import Element, element_text
from sandbox.text.mrkdwn import parse, parse_plain
from sandbox.text.names import NO_NAMES, Names
from sandbox.text.nodes import Code, Preformatted, Tree, code_spans
from sandbox.text.plain import to_plain
from sandbox.text.rich_text import parse_rich_text

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Reader:
    """The reader: the names they see, their time, and what they have entered."""

    names: Names = NO_NAMES
    now: datetime | None = None
    tz: tzinfo | None = None
    values: Json = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def tree_text(self, tree: Tree) -> str:
        """Return a tree as plain text."""
        return to_plain(tree, self.names, self.now, self.tz)

    def text(self, value: object) -> str:
        """Return a text object as plain text; empty if there is none."""
        return self.tree_text(parse_text_object(value))


def parse_text_object(value: object) -> Tree:
    """Parse a ``plain_text`` or ``mrkdwn`` object; anything else is an empty tree."""
    if not isinstance(value, Mapping) or not isinstance(source := value.get("text"), str):
        return ()
    if value.get("type") == "mrkdwn":
        return parse(source)
    return parse_plain(source, emoji=value.get("emoji") is not False)


def plain_of_message(
    message: Json,
    names: Names = NO_NAMES,
    now: datetime | None = None,
    tz: tzinfo | None = None,
) -> str:
    """Return all visible text of a message.

    Blocks replace the message's ``text``, as in Slack; attachments follow.

    Arguments:
        message: a message as the Web API gives it.
        names: the names that mentions show.
        now, tz: see ``to_plain``.
    """
    return "\n".join(_message_lines(message, Reader(names, now, tz)))


def plain_of_view(
    view: Json,
    names: Names = NO_NAMES,
    now: datetime | None = None,
    tz: tzinfo | None = None,
    *,
    values: Json | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    """Return all visible text of a modal or a Home tab, its submit and close buttons last.

    Arguments:
        view: a view as the Web API gives it.
        names, now, tz: see ``plain_of_message``.
        values: what has been entered, as in ``view.state.values``; the view's own by default.
        errors: sentences shown under inputs, by block_id.
    """
    state = view.get("state")
    own = state.get("values") if isinstance(state, Mapping) else None
    reader = Reader(names, now, tz, values if values is not None else own or {}, errors or {})
    lines = [reader.text(view.get("title")), *_blocks_lines(view.get("blocks"), reader)]
    buttons = [reader.text(view.get(name)) for name in ("close", "submit")]
    lines.append(" ".join(f"[{label}]" for label in buttons if label))
    return "\n".join(line for line in lines if line)


def code_of_message(message: Json) -> list[str]:
    """Return the content of a message's code spans and code blocks, in reading order."""
    return [to_plain((*span.children,)) for span in _code_spans(message)]


def _code_spans(message: Json) -> Iterator[Code | Preformatted]:
    blocks = list(_objects(message.get("blocks")))
    if not blocks and isinstance(text := message.get("text"), str):
        yield from code_spans(parse(text))
    for block in blocks:
        for tree in _trees(block):
            yield from code_spans(tree)
    for attachment in _objects(message.get("attachments")):
        yield from _code_spans(attachment)


def _trees(block: Json) -> Iterator[Tree]:
    if block.get("type") == "rich_text":
        yield parse_rich_text(block)
    yield parse_text_object(block.get("text"))
    for name in ("fields", "elements"):
        for item in _objects(block.get(name)):
            yield parse_text_object(item)


def _message_lines(message: Json, reader: Reader) -> list[str]:
    lines = _blocks_lines(message.get("blocks"), reader)
    if not lines and isinstance(text := message.get("text"), str) and text:
        lines = [reader.tree_text(parse(text))]
    for attachment in _objects(message.get("attachments")):
        lines += _attachment_lines(attachment, reader)
    lines += [f"[file] {file.get('title')}" for file in _objects(message.get("files"))]
    return [line for line in lines if line]


def _attachment_lines(attachment: Json, reader: Reader) -> list[str]:
    if attachment.get("blocks"):
        return _blocks_lines(attachment["blocks"], reader)
    lines = [_mrkdwn(attachment.get(name), reader) for name in ("pretext", "author_name", "title")]
    lines.append(_mrkdwn(attachment.get("text"), reader))
    for item in _objects(attachment.get("fields")):
        lines += [_mrkdwn(item.get("title"), reader), _mrkdwn(item.get("value"), reader)]
    return [*lines, _mrkdwn(attachment.get("footer"), reader)]


def _mrkdwn(value: object, reader: Reader) -> str:
    return reader.tree_text(parse(value)) if isinstance(value, str) else ""


def _blocks_lines(blocks: object, reader: Reader) -> list[str]:
    lines: list[str] = []
    for block in _objects(blocks):
        read = BLOCKS.get(str(block.get("type")))
        if read is not None:
            lines += [line for line in read(block, reader) if line]
    return lines


def _section(block: Json, reader: Reader) -> Iterator[str]:
    yield reader.text(block.get("text"))
    for item in _objects(block.get("fields")):
        yield reader.text(item)
    yield _element(block.get("accessory"), block, reader)


def _context(block: Json, reader: Reader) -> Iterator[str]:
    items = _objects(block.get("elements"))
    texts = (
        _element(item, block, reader) if item.get("type") == "image" else reader.text(item)
        for item in items
    )
    yield " ".join(text for text in texts if text)


def _actions(block: Json, reader: Reader) -> Iterator[str]:
    texts = (_element(item, block, reader) for item in _objects(block.get("elements")))
    yield " ".join(text for text in texts if text)


def _input(block: Json, reader: Reader) -> Iterator[str]:
    label = reader.text(block.get("label"))
    yield f"{label} (optional)" if block.get("optional") is True else label
    yield _element(block.get("element"), block, reader)
    yield reader.errors.get(str(block.get("block_id")), "")
    yield reader.text(block.get("hint"))


def _image(block: Json, reader: Reader) -> Iterator[str]:
    yield reader.text(block.get("title"))
    yield _element(block, block, reader)


def _video(block: Json, reader: Reader) -> Iterator[str]:
    yield reader.text(block.get("title"))
    yield reader.text(block.get("description"))


def _table(block: Json, reader: Reader) -> Iterator[str]:
    rows = block.get("rows")
    for row in rows if isinstance(rows, list | tuple) else ():
        yield " | ".join(_cell(cell, reader) for cell in _objects(row))


def _cell(cell: Json, reader: Reader) -> str:
    if cell.get("type") == "rich_text":
        return reader.tree_text(parse_rich_text(cell))
    return str(cell.get("text", ""))


def _element(value: object, block: Json, reader: Reader) -> str:
    if not isinstance(value, Mapping):
        return ""
    entered = reader.values.get(str(block.get("block_id")))
    state = entered.get(str(value.get("action_id"))) if isinstance(entered, Mapping) else None
    return element_text(Element(value, state if isinstance(state, Mapping) else None), reader)


def _objects(value: object) -> Iterator[Json]:
    if isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Mapping))


BLOCKS: Final[Mapping[str, Callable[[Json, Reader], Iterator[str]]]] = {
    "section": _section,
    "header": lambda block, reader: iter([reader.text(block.get("text"))]),
    "context": _context,
    "actions": _actions,
    "context_actions": _actions,
    "input": _input,
    "image": _image,
    "video": _video,
    "rich_text": lambda block, reader: iter([reader.tree_text(parse_rich_text(block))]),
    "markdown": lambda block, _: iter([str(block.get("text", ""))]),
    "file": lambda block, _: iter([f"[file {block.get('external_id', '')}]"]),
    "table": _table,
}
