"""Filling in what an app may leave out of its blocks: ids and defaults, as Slack does."""

import copy
from typing import Any

from sandbox.ids import short_block_id
from sandbox.model import Json


def filled(blocks: list[Json]) -> list[Json]:
    """A copy of checked blocks in which every block and every element has its id."""
    done = copy.deepcopy(blocks)
    for block in done:
        block.setdefault("block_id", short_block_id())
        for element in _interactive(block):
            element.setdefault("action_id", short_block_id())
        _default_texts(block)
    return done


def _interactive(block: Json) -> list[Json]:
    match block["type"]:
        case "actions" | "context_actions":
            elements: list[Json] = block["elements"]
            return elements
        case "input":
            return [block["element"]]
        case "section" if block.get("accessory", {}).get("type", "image") != "image":
            return [block["accessory"]]
    return []


def _default_texts(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _default_texts(item)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        for item in value.values():
            _default_texts(item)
