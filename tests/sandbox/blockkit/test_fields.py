"""Which fields blocks and elements have: required, refused, and of which JSON type."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.blockkit.blocks import BLOCKS as BLOCK_SHAPES
from sandbox.blockkit.elements import ELEMENTS as ELEMENT_SHAPES
from tests.sandbox.blockkit.samples import (
    BLOCKS,
    ELEMENTS,
    INLINE,
    block,
    element,
    errors,
    holding,
    inline,
    place_of,
    rich_text,
    surface_of,
)


@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in BLOCKS for name in BLOCKS[k]])
def test_a_block_needs_all_that_its_sample_has(kind: str, name: str) -> None:
    without = {key: value for key, value in block(kind).items() if key != name}
    (found,) = errors(surface_of(kind), without)
    assert found.startswith(
        (
            f"missing required field: {name} [json-pointer:",
            "must have at least one of: text, fields",
            "must have exactly one of: image_url, slack_file",
        )
    )


@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in ELEMENTS for name in ELEMENTS[k]])
def test_an_element_needs_all_that_its_sample_has(kind: str, name: str) -> None:
    without = {key: value for key, value in element(kind).items() if key != name}
    surface, place = place_of(kind)
    (found,) = errors(surface, holding(place, without))
    assert found.startswith(
        (
            f"missing required field: {name} [json-pointer:",
            "must have exactly one of: image_url, ",
            "must have exactly one of: options, option_groups",
        )
    )


@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in INLINE for name in INLINE[k]])
def test_a_rich_text_element_needs_all_that_its_sample_has(kind: str, name: str) -> None:
    without = {key: value for key, value in inline(kind).items() if key != name}
    (found,) = errors("modal", rich_text(without))
    assert found.startswith(f"missing required field: {name} [json-pointer:")


@pytest.mark.parametrize("kind", BLOCKS)
def test_unknown_fields_of_blocks_are_refused(kind: str) -> None:
    found = errors(surface_of(kind), block(kind, colour="red"))
    assert len(found) == 1
    assert found[0].startswith("invalid additional property: colour [json-pointer:")


@pytest.mark.parametrize("kind", ELEMENTS)
def test_unknown_fields_of_elements_are_refused(kind: str) -> None:
    surface, place = place_of(kind)
    found = errors(surface, holding(place, element(kind, disabled=True)))
    assert len(found) == 1
    assert found[0].startswith("invalid additional property: disabled [json-pointer:")


WRONG: tuple[Any, ...] = (None, True, 7, "words", ["x"], {"x": 1})


def typed(json_type: type, names: str) -> dict[str, type]:
    return dict.fromkeys(names.split(), json_type)


# A field that is not named here is a string.
JSON_TYPES: dict[str, type] = {
    **typed(
        dict,
        "accessory confirm description dispatch_action_config element filter hint initial_option "
        "label negative_button placeholder positive_button slack_file text title workflow",
    ),
    **typed(
        list,
        "column_settings elements fields filetypes initial_channels initial_conversations "
        "initial_options initial_users option_groups options rows visible_to_user_ids",
    ),
    **typed(
        bool,
        "default_to_current_conversation dispatch_action expand focus_on_load is_decimal_allowed "
        "multiline optional response_url_enabled",
    ),
    **typed(
        int,
        "initial_date_time max_files max_length max_selected_items min_length min_query_length",
    ),
}


def wrong_for(kind: str, name: str) -> list[Any]:
    """Values of every JSON type but the right one."""
    right = JSON_TYPES.get(name, str)
    if (kind, name) in (("markdown", "text"), ("rich_text_input", "initial_value")):
        right = str if kind == "markdown" else dict
    return [value for value in WRONG if type(value) is not right]


@pytest.mark.parametrize(
    ("kind", "name", "wrong"),
    [
        (str(shape.type), name, wrong)
        for shape in BLOCK_SHAPES
        for name in shape.fields
        for wrong in wrong_for(str(shape.type), name)
    ],
)
def test_every_field_of_a_block_has_one_json_type(kind: str, name: str, wrong: object) -> None:
    found = errors(surface_of(kind), block(kind, **{name: wrong}))
    assert any("must provide " in error and f"/{name}]" in error for error in found)


@pytest.mark.parametrize(
    ("kind", "name", "wrong"),
    [
        (str(item.shape.type), name, wrong)
        for item in ELEMENT_SHAPES
        for name in item.shape.fields
        for wrong in wrong_for(str(item.shape.type), name)
    ],
)
def test_every_field_of_an_element_has_one_json_type(kind: str, name: str, wrong: object) -> None:
    surface, place = place_of(kind)
    found = errors(surface, holding(place, element(kind, **{name: wrong})))
    assert any("must provide " in error and f"/{name}]" in error for error in found)
