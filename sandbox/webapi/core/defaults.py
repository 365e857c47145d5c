"""Fill in the ids and defaults that an app may leave out of its blocks, as Slack does."""

import copy
from typing import Any

from sandbox.state.input_values import with_ids
from sandbox.state.models import Json


def with_defaults(blocks: list[Json]) -> list[Json]:
    """Return a copy of checked blocks in which every block and element has its id."""
    completed = copy.deepcopy(with_ids(blocks))
    _default_texts(completed)
    return completed


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
