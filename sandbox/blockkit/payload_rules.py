"""Rules about a payload as a whole: what must be unique, counted or added up across blocks.

Each rule reads the blocks wherever they are (``Placed`` says where) and tolerates anything
malformed in them, which the shapes have reported already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.schema import Walk, shown


class Placed(NamedTuple):
    """A block, or an element, and where it stands."""

    value: Mapping[str, Any]
    walk: Walk


def placed_blocks(value: object, walk: Walk) -> Iterator[Placed]:
    """The blocks of an array that are objects at all."""
    if isinstance(value, list | tuple):
        for index, block in enumerate(value):
            if isinstance(block, Mapping):
                yield Placed(block, walk.at(index))


def elements_of(block: Placed) -> Iterator[Placed]:
    """The elements in a block: its accessory, its input, its list."""
    for name in ("accessory", "element"):
        if isinstance(block.value.get(name), Mapping):
            yield Placed(block.value[name], block.walk.at(name))
    if block.value.get("type") in ("actions", "context", "context_actions"):
        yield from placed_blocks(block.value.get("elements"), block.walk.at("elements"))


def unique_block_ids(blocks: Iterable[Placed]) -> None:
    """No two blocks share a ``block_id`` (every block's page)."""
    seen = set()
    for block in blocks:
        block_id = block.value.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                block.walk.at("block_id").say(f"block_id {shown(block_id)} already exists")
            seen.add(block_id)


def unique_action_ids(blocks: Iterable[Placed]) -> None:
    """No two elements of one block share an ``action_id`` (every element's page)."""
    for block in blocks:
        seen = set()
        for element in elements_of(block):
            action_id = element.value.get("action_id")
            if isinstance(action_id, str):
                if action_id in seen:
                    element.walk.at("action_id").say(f"action_id {shown(action_id)} already exists")
                seen.add(action_id)


def one_focus(blocks: Iterable[Placed]) -> None:
    """At most one element takes the focus (``focus_on_load`` on every element's page)."""
    focused = [
        element
        for block in blocks
        for element in elements_of(block)
        if element.value.get("focus_on_load") is True
    ]
    for element in focused[1:]:
        element.walk.at("focus_on_load").say("only one element can have focus_on_load set to true")


def tables(blocks: Iterable[Placed]) -> None:
    """One table a message, of limited size altogether (table-block)."""
    found = [block for block in blocks if block.value.get("type") == "table"]
    for table in found[limits.TABLES_IN_MESSAGE :]:
        table.walk.say("only one table is allowed in a message")
    if sum(_characters(table.value.get("rows")) for table in found) > limits.TABLE_CHARACTERS:
        found[-1].walk.at("rows").say(
            f"cells must have less than {limits.TABLE_CHARACTERS + 1} characters altogether"
        )


def _characters(cell: object) -> int:
    if isinstance(cell, list | tuple):
        return sum(_characters(part) for part in cell)
    if isinstance(cell, Mapping):
        own = cell.get("text")
        length = len(own) if isinstance(own, str) else 0
        return length + _characters(cell.get("elements"))
    return 0


def markdown(blocks: Iterable[Placed]) -> None:
    """All markdown blocks of a message share one limit (markdown-block)."""
    found = [block for block in blocks if block.value.get("type") == "markdown"]
    texts = [block.value.get("text") for block in found]
    total = sum(len(text) for text in texts if isinstance(text, str))
    if len(found) > 1 and total > limits.MARKDOWN_CHARACTERS:
        found[-1].walk.at("text").say(
            f"markdown blocks must have less than {limits.MARKDOWN_CHARACTERS + 1} "
            "characters altogether"
        )


def has_input(blocks: Iterable[Placed]) -> bool:
    """Whether people can fill something in."""
    return any(block.value.get("type") == "input" for block in blocks)
