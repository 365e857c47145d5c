"""The box in which keys are searched for."""

from __future__ import annotations

import hashlib

from bot.ui import ids, inputs
from bot.ui.blocks import Block, Element, clip, plain
from keys.credentials.tokens import redact

QUERY_MAX = 200


def search_box(query: str, action: str, searched_in: str) -> Block:
    """Make the box, with what was searched for.

    Args:
        query: the words searched for; what is longer than 200 characters is cut.
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
