"""One key as a row: its name and something to press, with the facts in small print below."""

from __future__ import annotations

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


def row(key: KeyView, accessory: Element) -> list[Block]:
    """Two blocks.

    Args:
        key: as it stands.
        accessory: a button or a menu beside the name.
    """
    facts = [
        f"`{key.hint}`",
        scopes_in_words(key.scopes),
        f"owner {owner_of(key)}",
        date(key.created_at, DAY, before="created "),
        date(key.last_used_at, DAY, before="last used ", never="never used"),
    ]
    if key.state is State.REVOKED:
        facts[-1] = date(key.revoked_at, DAY, before="revoked ")
    name: Block = {
        "type": "section",
        "block_id": f"row_{key.id}",
        "text": theirs(key.name),
        "accessory": accessory,
    }
    return [name, context(" · ".join(facts))]
