"""The list of keys: one page of it, a search, and a menu on each row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.ui import ids, inputs
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    actions,
    button,
    clip,
    context,
    header,
    message,
    plain,
    section,
    turns,
)
from bot.ui.key_rows import rows
from bot.ui.payloads import OPTION_MAX, ActionPayload
from keys.base.models import KeyView
from keys.credentials.tokens import redact

QUERY_MAX = 200
ROWS_MAX = 10  # so that a page stays readable, and far below what a message may hold
_MENU = (
    ("Rename", ids.DO_RENAME),
    ("Edit", ids.DO_EDIT),
    ("Rotate", ids.DO_ROTATE),
    ("Revoke", ids.DO_REVOKE),
    ("Details", ids.DO_DETAILS),
)


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
    blocks = [header("Active API keys"), search(page.query, ids.SEARCH, page.searched_in), *found]
    if page.keys:
        blocks.append(context(_position(page)))
    blocks.append(_buttons(page, ref))
    return message(_count(page.total), *blocks)


def search(query: str, action: str, searched_in: str) -> Block:
    """Return the box to search in, with what was searched for.

    Args:
        action: the action_id of Enter.
        searched_in: the block_id of the box that the query was typed into, if it just was. What
            was typed may be a token, and must not stay where its hint is to be shown.
    """
    typed = clip(redact(query), QUERY_MAX)
    element: Element = {
        "type": "plain_text_input",
        "action_id": action,
        "placeholder": plain("Name, note, id or hint"),
        "max_length": QUERY_MAX,
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if typed:
        element["initial_value"] = typed
    box: Block = {
        "type": "input",
        "block_id": ids.QUERY,
        "dispatch_action": True,
        "label": plain("Search, then press Enter"),
        "element": element,
    }
    # The same query has the same version: a list that is redrawn because keys have changed does not
    # take away what is being typed.
    version = hashlib.sha256(typed.encode()).hexdigest()[:12]
    if searched_in == ids.versioned(ids.QUERY, version):
        version += "-again"
    (block,) = inputs.showing(version, [box])
    return block


def menu(key: KeyView, ref: ActionPayload) -> Element:
    """What can be done with a key, beside its name."""
    options = [_option(label, replace(ref, do=do, key=key.id)) for label, do in _MENU]
    return {"type": "overflow", "action_id": ids.KEY_MENU, "options": options}


def _option(label: str, ref: ActionPayload) -> Element:
    return {"text": plain(label), "value": ref.encode(OPTION_MAX)}


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
