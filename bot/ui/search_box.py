"""The search box for keys."""

from __future__ import annotations

import hashlib

from bot.ui import ids, inputs
from bot.ui.blocks import Block, Element, plain

QUERY_MAX = 200


def search_box(query: str, action: str, searched_in: str) -> Block:
    """Render the box with the current query.

    Args:
        query: the words searched for, cut to 200 characters.
        action: the action_id of Enter.
        searched_in: the block_id of the box that the query was just typed into, if it was. The
            input may be a token, which must be replaced by its hint.
    """
    typed = inputs.initial(query, QUERY_MAX)
    element: Element = {
        "type": "plain_text_input",
        "action_id": action,
        "placeholder": plain("Name, owner, note, id or hint"),
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
    # The same query has the same version: if a list is redrawn because keys have changed, the user
    # does not lose what they are typing.
    version = hashlib.sha256(typed.encode()).hexdigest()[:12]
    if searched_in == ids.versioned(ids.QUERY, version):
        version += "-again"
    (block,) = inputs.showing(version, [box])
    return block
