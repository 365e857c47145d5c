"""The list of keys: one page of it, a search, and a menu on each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.ui import ids
from bot.ui.blocks import (
    Block,
    Message,
    actions,
    button,
    clip,
    context,
    header,
    message,
    section,
    turns,
)
from bot.ui.key_rows import menu, rows
from bot.ui.payloads import ActionPayload
from bot.ui.search_box import QUERY_MAX, search_box
from keys.base.models import KeyView
from keys.credentials.tokens import redact

ROWS_MAX = 10  # so that a page stays readable, and far below what a message may hold


@dataclass(frozen=True, slots=True)
class Page:
    """One page of active keys.

    Attributes:
        keys: at most ten.
        total: how many keys the whole search found.
        first: the position of the page's first key in all of them, counted from 1.
        query: the words searched for, at most 200 characters; empty for all keys.
        searched_in: the block_id of the box that they were typed into, where they just were.
        back, on: where the pages before and after begin; None if there is none.
    """

    keys: Sequence[KeyView]
    total: int
    first: int = 1
    query: str = ""
    searched_in: str = ""
    back: str | None = None
    on: str | None = None


def listing(page: Page, ref: ActionPayload) -> Message:
    """The answer to `list`.

    Args:
        page: what to show.
        ref: carries the time; what each button means is added to it.

    Raises:
        ValueError: if the page has more keys than a message can hold.
    """
    if len(page.keys) > ROWS_MAX:
        raise ValueError(f"a page has {len(page.keys)} keys; {ROWS_MAX} is the most")
    found = rows(page.keys, lambda key: menu(key, ref)) or [_nothing(page)]
    box = search_box(page.query, ids.SEARCH, page.searched_in)
    blocks = [header("Active API keys"), box, *found]
    if page.keys:
        blocks.append(context(_position(page)))
    blocks.append(_buttons(page, ref))
    return message(_count(page.total), *blocks)


def _nothing(page: Page) -> Block:
    if page.query:
        return section("No active key matches. Try fewer or shorter words.")
    return section("There are no keys yet. “New key” makes the first one.")


def _position(page: Page) -> str:
    last = page.first + len(page.keys) - 1
    if len(page.keys) == page.total:
        return _count(page.total)
    return f"{page.first:,} to {last:,} of {_count(page.total)}"


def _count(total: int) -> str:
    return "1 active key" if total == 1 else f"{total:,} active keys"


def _buttons(page: Page, ref: ActionPayload) -> Block:
    there = replace(ref, query=clip(redact(page.query), QUERY_MAX))
    elements = turns(
        None if page.back is None else (ids.PAGE_BACK, replace(there, cursor=page.back)),
        None if page.on is None else (ids.PAGE_ON, replace(there, cursor=page.on)),
    )
    if page.query:
        elements.append(button("Show all keys", ids.SHOW_ALL, ref))
    return actions(*elements, button("New key", ids.NEW, ref))
