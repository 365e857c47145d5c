"""For any JSON a check either returns or raises InvalidBlocks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.blockkit import InvalidBlocks, check_message, check_view
from tests.sandbox.blockkit.samples import (
    BLOCKS,
    ELEMENTS,
    INLINE,
    block,
    element,
    holding,
    inline,
    modal,
    place_of,
    rich_text,
)

WORDS = st.sampled_from(
    [
        "type",
        "text",
        "blocks",
        "elements",
        "options",
        "value",
        "section",
        "modal",
        "home",
        "input",
        "plain_text",
        "mrkdwn",
        "actions",
        "button",
        "title",
        "block_id",
        "action_id",
        "rows",
    ]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(WORDS | st.text(), inside),
    max_leaves=20,
)

SAMPLES: list[Any] = [
    *(block(kind) for kind in BLOCKS),
    *(holding(place_of(kind)[1], element(kind)) for kind in ELEMENTS),
    rich_text(*(inline(kind) for kind in INLINE)),
]


def refusal(check: Callable[[object], None], payload: Any) -> list[str]:
    try:
        check(payload)
    except InvalidBlocks as invalid:
        return invalid.errors or ["an error without a sentence"]
    return []


def refuse_or_pass(payload: Any) -> None:
    for check in (check_message, check_view):
        for error in refusal(check, payload):
            assert error.startswith("[ERROR] ")
            assert error.endswith("]")


@given(ANY_JSON)
def test_any_json(payload: Any) -> None:
    refuse_or_pass(payload)


PARTS = ("text", "blocks", "attachments", "metadata", "type", "title", "private_metadata")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, ANY_JSON)))
def test_any_fields(payload: dict[str, Any]) -> None:
    refuse_or_pass(payload)


@given(st.data())
def test_one_thing_wrong_anywhere(data: st.DataObject) -> None:
    """Take good blocks and put something else in one place, however deep."""
    good = data.draw(st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=3))
    blocks = copy.deepcopy(good)
    place, step = data.draw(st.sampled_from(places(blocks)))
    place[step] = data.draw(ANY_JSON)
    refuse_or_pass({"blocks": blocks, "attachments": [{"blocks": blocks}]})
    refuse_or_pass(modal(*blocks))


@given(st.data())
def test_one_thing_too_many_anywhere(data: st.DataObject) -> None:
    """A field more in any object is an error, unless its value belongs there."""
    kind = data.draw(st.sampled_from(sorted(BLOCKS)))
    blocks = [copy.deepcopy(block(kind))]
    objects = [place for place, step in places(blocks) if step == "type"]
    data.draw(st.sampled_from(objects))["shade"] = data.draw(ANY_JSON)
    assert refusal(check_message, {"blocks": blocks})


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and the step to it."""
    steps = list(node) if isinstance(node, dict) else list(range(len(node)))
    found = [(node, step) for step in steps]
    for step in steps:
        if isinstance(node[step], dict | list):
            found += places(node[step])
    return found


@pytest.mark.parametrize("check", [check_message, check_view])
def test_what_is_nested_beyond_reason_is_refused(check: Any) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidBlocks):
        check({"type": "modal", "blocks": [{"type": "section", "text": deep}], "metadata": deep})


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidBlocks) as caught:
        check_view(modal(private_metadata={1, 2}))
    assert "[ERROR] must be valid JSON [json-pointer:/view]" in caught.value.errors
