"""Rules about a whole payload: what must be unique, counted or added up across blocks.

Each rule gets the blocks with their contexts (``Located``) and ignores anything malformed in them,
which the shapes have reported already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.schema import Context, shorten


class Located(NamedTuple):
    """A block or an element, and the context of its place."""

    value: Mapping[str, Any]
    context: Context


def located_blocks(value: object, context: Context) -> Iterator[Located]:
    """Yield the items of an array that are objects."""
    if isinstance(value, list | tuple):
        for index, block in enumerate(value):
            if isinstance(block, Mapping):
                yield Located(block, context.at(index))


def elements_of(block: Located) -> Iterator[Located]:
    """Yield the elements in a block: its accessory, its input, its list."""
    for name in ("accessory", "element"):
        if isinstance(block.value.get(name), Mapping):
            yield Located(block.value[name], block.context.at(name))
    if block.value.get("type") in ("actions", "context", "context_actions"):
        yield from located_blocks(block.value.get("elements"), block.context.at("elements"))


def unique_block_ids(blocks: Iterable[Located]) -> None:
    """Require that no two blocks share a ``block_id`` (every block's page)."""
    _report_repeats(blocks, "block_id")


def unique_action_ids(blocks: Iterable[Located]) -> None:
    """Require that no two elements of one block share an ``action_id`` (every element's page)."""
    for block in blocks:
        _report_repeats(elements_of(block), "action_id")


def _report_repeats(entries: Iterable[Located], name: str) -> None:
    """Report each id in the field `name` that an earlier entry has already."""
    seen = set()
    for entry in entries:
        identifier = entry.value.get(name)
        if isinstance(identifier, str):
            if identifier in seen:
                entry.context.at(name).report(f"{name} {shorten(identifier)} already exists")
            seen.add(identifier)


def one_focus(blocks: Iterable[Located]) -> None:
    """Require that at most one element takes the focus (``focus_on_load``, on every page)."""
    focused = [
        element
        for block in blocks
        for element in elements_of(block)
        if element.value.get("focus_on_load") is True
    ]
    for element in focused[1:]:
        element.context.at("focus_on_load").report(
            "only one element can have focus_on_load set to true"
        )


def tables(blocks: Iterable[Located]) -> None:
    """Require at most one table in a message, of limited size (table-block)."""
    found = [block for block in blocks if block.value.get("type") == "table"]
    for table in found[limits.TABLES_IN_MESSAGE :]:
        table.context.report("only one table is allowed in a message")
    if sum(_characters(table.value.get("rows")) for table in found) > limits.TABLE_CHARACTERS:
        found[-1].context.at("rows").report(
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


def markdown(blocks: Iterable[Located]) -> None:
    """Hold all markdown blocks of a message to one limit (markdown-block)."""
    found = [block for block in blocks if block.value.get("type") == "markdown"]
    texts = [block.value.get("text") for block in found]
    total = sum(len(text) for text in texts if isinstance(text, str))
    if len(found) > 1 and total > limits.MARKDOWN_CHARACTERS:
        found[-1].context.at("text").report(
            f"markdown blocks must have less than {limits.MARKDOWN_CHARACTERS + 1} "
            "characters altogether"
        )


def has_input(blocks: Iterable[Located]) -> bool:
    """Return whether there is an input block."""
    return any(block.value.get("type") == "input" for block in blocks)
