"""The list of keys: a search box, one page of keys with a menu each, and page buttons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    pagination_buttons,
    section,
)
from bot.ui.key_rows import ADMIN, Reader, menu, rows
from bot.ui.payloads import ActionPayload
from bot.ui.search_box import QUERY_MAX, search_box
from keys.base.models import KeyView
from keys.credentials.tokens import redact
from keys.search.due import due_reasons

ROWS_MAX = 10  # keeps a page readable, and far below Slack's limit for a message


@dataclass(frozen=True, slots=True)
class Page:
    """One page of active keys.

    Attributes:
        keys: at most ten.
        total: how many keys the whole search found.
        first: the position of the page's first key in all of them, counted from 1.
        query: the words searched for, at most 200 characters; empty for all keys.
        searched_in: the block_id of the box that they were just typed into, if they were.
        gone: the ids of its owners who have left.
        previous_cursor, next_cursor: the cursors of the neighbouring pages; None without one.
    """

    keys: Sequence[KeyView]
    total: int
    first: int = 1
    query: str = ""
    searched_in: str = ""
    gone: Collection[str] = ()
    previous_cursor: str | None = None
    next_cursor: str | None = None


def listing(page: Page, ref: ActionPayload, reader: Reader = ADMIN) -> Message:
    """Render the answer to `list`.

    Args:
        ref: the payload of all buttons; each adds what it does.
        reader: an admin, or a member whose own keys these are.

    Raises:
        ValueError: if the page has more keys than a message can hold.
    """
    if len(page.keys) > ROWS_MAX:
        raise ValueError(f"a page has {len(page.keys)} keys; at most {ROWS_MAX} fit")
    found = rows(
        page.keys,
        lambda key: menu(key, ref, reader),
        lambda key: due_reasons(key, page.gone, ref.at),
    ) or [_nothing(page, reader)]
    box = search_box(page.query, ids.SEARCH, page.searched_in)
    own = reader.owner is not None
    blocks = [header("Your API keys" if own else "API keys"), box, *found]
    if page.keys:
        blocks.append(context(_position(page)))
    blocks.append(_buttons(page, ref, reader))
    return message(*blocks)


def _nothing(page: Page, reader: Reader) -> Block:
    if reader.owner is not None:
        which = " that matches. Try fewer or shorter words." if page.query else "."
        return section(f"You don't own a key{which}")
    if page.query:
        return section("No key matches. Try fewer or shorter words.")
    return section("There are no keys yet. Create the first one with “New key”.")


def _position(page: Page) -> str:
    last = page.first + len(page.keys) - 1
    if len(page.keys) == page.total:
        return _count(page.total)
    return f"{page.first:,} to {last:,} of {_count(page.total)}"


def _count(total: int) -> str:
    return "1 key" if total == 1 else f"{total:,} keys"


def _buttons(page: Page, ref: ActionPayload, reader: Reader) -> Block:
    page_payload = replace(ref, query=clip(redact(page.query), QUERY_MAX))
    elements = pagination_buttons(
        page_payload,
        (ids.PREVIOUS_PAGE, page.previous_cursor),
        (ids.NEXT_PAGE, page.next_cursor),
    )
    if page.query:
        elements.append(button("Show all keys", ids.SHOW_ALL, ref))
    if reader.owner is None:
        return actions(*elements, button("New key", ids.NEW, ref))
    return actions(*elements, button("Ask for a key", ids.REQUEST, ActionPayload(ref.at)))
