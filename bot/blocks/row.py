"""Keys as rows: each has its name and something to press, with the facts in small print below."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.blocks.parts import (
    DAY,
    Block,
    Element,
    context,
    date,
    owner_of,
    scopes_in_words,
    theirs,
)
from keys.values import KeyView, State

_DIVIDER: Block = {"type": "divider"}


def rows(keys: Iterable[KeyView], accessory: Callable[[KeyView], Element]) -> list[Block]:
    """Three blocks for each key.

    Args:
        keys: as they stand.
        accessory: makes the button or the menu beside a key's name.
    """
    return [block for key in keys for block in (_name(key, accessory(key)), _facts(key), _DIVIDER)]


def _name(key: KeyView, accessory: Element) -> Block:
    return {
        "type": "section",
        "block_id": f"row_{key.id}",
        "text": theirs(key.name),
        "accessory": accessory,
    }


def _facts(key: KeyView) -> Block:
    facts = [
        f"`{key.hint}`",
        scopes_in_words(key.scopes),
        f"owner {owner_of(key)}",
        date(key.created_at, DAY, before="created "),
        date(key.last_used_at, DAY, before="last used ", never="never used"),
    ]
    if key.state is State.REVOKED:
        facts[-1] = date(key.revoked_at, DAY, before="revoked ")
    return context(" · ".join(facts))
