"""Which blocks, elements and fields exist, and where each may stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.blockkit import InvalidBlocks, check_message, check_view
from sandbox.blockkit.base.rich_text import INLINE as INLINE_SHAPES
from sandbox.blockkit.blocks import BLOCKS as BLOCK_SHAPES
from sandbox.blockkit.elements import ELEMENTS as ELEMENT_SHAPES
from tests.sandbox.blockkit.samples import (
    BLOCKS,
    ELEMENTS,
    INLINE,
    SURFACES,
    Json,
    block,
    element,
    errors,
    holding,
    home,
    inline,
    modal,
    mrkdwn,
    place_of,
    plain,
    rich_text,
    surface_of,
)

# Slack's pages, block by block ("Available in surfaces").
BLOCK_SURFACES = {
    **dict.fromkeys(BLOCKS, "message modal home"),
    "file": "message",
    "markdown": "message",
    "table": "message",
    "context_actions": "message",
}

# Slack's pages, element by element: blocks, then surfaces.
ELEMENT_PLACES = {
    "button": ("section actions", "message modal home"),
    "workflow_button": ("section actions", "message"),
    "icon_button": ("context_actions", "message"),
    "feedback_buttons": ("context_actions", "message"),
    "overflow": ("section actions", "message modal home"),
    "checkboxes": ("section actions input", "message modal home"),
    "radio_buttons": ("section actions input", "message modal home"),
    "datepicker": ("section actions input", "message modal home"),
    "timepicker": ("section actions input", "message modal home"),
    "datetimepicker": ("actions input", "message modal"),
    "plain_text_input": ("input", "message modal home"),
    "email_text_input": ("input", "modal"),
    "url_text_input": ("input", "modal"),
    "number_input": ("input", "modal"),
    "file_input": ("input", "modal"),
    "rich_text_input": ("input", "modal home"),
    "image": ("section context", "message modal home"),
    **{
        f"{many}{kind}_select": ("section actions input", "message modal home")
        for many in ("", "multi_")
        for kind in ("static", "external", "users", "conversations", "channels")
    },
}


def test_every_known_type_has_a_sample() -> None:
    assert {shape.type for shape in BLOCK_SHAPES} == set(BLOCKS) == set(BLOCK_SURFACES)
    assert {item.shape.type for item in ELEMENT_SHAPES} == set(ELEMENTS) == set(ELEMENT_PLACES)
    assert {shape.type for shape in INLINE_SHAPES} == set(INLINE)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_are_allowed_where_slack_shows_them(kind: str, surface: str) -> None:
    found = errors(surface, block(kind))
    if surface in BLOCK_SURFACES[kind].split():
        assert found == []
    else:
        assert f"unsupported type: {kind} is not available in" in found[0]
        assert "blocks/0/type]" in found[0]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("place", ["section", "actions", "input", "context", "context_actions"])
@pytest.mark.parametrize("kind", ELEMENTS)
def test_elements_are_allowed_where_slack_shows_them(kind: str, place: str, surface: str) -> None:
    found = errors(surface, holding(place, element(kind)))
    places, surfaces = ELEMENT_PLACES[kind]
    reachable = surface in BLOCK_SURFACES[place].split()
    if place in places.split() and surface in surfaces.split() and reachable:
        assert found == []
    else:
        assert any(error.startswith("unsupported type: ") for error in found)


@pytest.mark.parametrize("kind", INLINE)
def test_rich_text_elements(kind: str) -> None:
    assert errors("modal", rich_text(inline(kind))) == []
    assert errors("modal", rich_text(inline(kind, colour="red"))) == [
        "invalid additional property: colour [json-pointer:/view/blocks/0/elements/0/elements/0]"
    ]


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


def test_unknown_types_are_refused_by_name() -> None:
    assert errors("message", {"type": "sparkline"}) == [
        "unsupported type: sparkline [json-pointer:/blocks/0/type]"
    ]
    assert errors("home", block("actions", elements=[{"type": "slider"}])) == [
        "unsupported type: slider [json-pointer:/view/blocks/0/elements/0/type]"
    ]
    assert errors("message", {}) == ["missing required field: type [json-pointer:/blocks/0]"]
    assert errors("message", {"type": ["section"]}) == [
        "must provide a string [json-pointer:/blocks/0/type]"
    ]


def test_a_long_unknown_word_is_not_repeated_whole() -> None:
    (found,) = errors("message", {"type": "x" * 5000})
    assert len(found) < 150


def test_a_table_cell_may_be_raw_or_rich_text() -> None:
    cells: list[Json] = [{"type": "raw_text", "text": "a"}, rich_text()]
    assert errors("message", block("table", rows=[cells])) == []
    assert errors("message", block("table", rows=[[plain()]])) == [
        "unsupported type: plain_text is not allowed in a table "
        "[json-pointer:/blocks/0/rows/0/0/type]"
    ]


def test_column_settings_may_skip_a_column() -> None:
    settings = [None, {"align": "right", "is_wrapped": True}]
    assert errors("message", block("table", column_settings=settings)) == []
    assert errors("message", block("table", column_settings=[{"align": "top"}])) == [
        "must be a valid enum value: one of left, center, right "
        "[json-pointer:/blocks/0/column_settings/0/align]"
    ]


@pytest.mark.parametrize(
    ("where", "bad"),
    [
        ("/blocks/0/text", block("header", text=mrkdwn())),
        ("/blocks/0/label", block("input", label=mrkdwn())),
        ("/blocks/0/hint", block("input", hint=mrkdwn())),
        ("/blocks/0/title", block("image", title=mrkdwn())),
        ("/blocks/0/accessory/text", holding("section", element("button", text=mrkdwn()))),
        (
            "/blocks/0/accessory/options/0/text",
            holding("section", element("overflow", options=[{"text": mrkdwn(), "value": "a"}])),
        ),
        (
            "/blocks/0/accessory/options/0/text",
            holding(
                "section", element("static_select", options=[{"text": mrkdwn(), "value": "a"}])
            ),
        ),
        (
            "/blocks/0/accessory/placeholder",
            holding("section", element("users_select", placeholder=mrkdwn())),
        ),
    ],
)
def test_where_only_plain_text_is_allowed(where: str, bad: Json) -> None:
    assert errors("message", bad) == [
        f"unsupported type: mrkdwn is not allowed here [json-pointer:{where}/type]"
    ]


@pytest.mark.parametrize("kind", ["checkboxes", "radio_buttons"])
def test_checkboxes_and_radio_buttons_may_format_their_options(kind: str) -> None:
    formatted = {"text": mrkdwn("*A*"), "value": "a", "description": mrkdwn("_b_")}
    assert errors("message", holding("section", element(kind, options=[formatted]))) == []


def test_each_text_type_has_its_own_switch() -> None:
    assert errors("message", block("section", text={**plain(), "emoji": True})) == []
    assert errors("message", block("section", text={**mrkdwn(), "verbatim": True})) == []
    assert errors("message", block("section", text={**mrkdwn(), "emoji": True})) == [
        "invalid additional property: emoji [json-pointer:/blocks/0/text]"
    ]
    assert errors("message", block("section", text={**plain(), "verbatim": True})) == [
        "invalid additional property: verbatim [json-pointer:/blocks/0/text]"
    ]


def test_only_overflow_options_may_open_a_page() -> None:
    linked = {"text": plain(), "value": "a", "url": "https://example.com"}
    assert errors("message", holding("section", element("overflow", options=[linked]))) == []
    assert errors("message", holding("section", element("static_select", options=[linked]))) == [
        "invalid additional property: url [json-pointer:/blocks/0/accessory/options/0]"
    ]


@pytest.mark.parametrize("style", ["primary", "danger"])
def test_button_styles(style: str) -> None:
    assert errors("message", holding("actions", element("button", style=style))) == []


@pytest.mark.parametrize("style", ["default", "warning", "DANGER", ""])
def test_other_button_styles_are_refused(style: str) -> None:
    assert errors("message", holding("actions", element("button", style=style))) == [
        "must be a valid enum value: one of primary, danger "
        "[json-pointer:/blocks/0/elements/0/style]"
    ]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "example.com", "https://", "http://a b", "data:text/html,x", ""]
)
def test_a_button_opens_only_real_urls(url: str) -> None:
    found = errors("message", holding("actions", element("button", url=url)))
    assert len(found) == 1
    assert found[0].endswith("[json-pointer:/blocks/0/elements/0/url]")


@pytest.mark.parametrize("name", ["title", "submit", "close", "clear_on_close", "notify_on_close"])
def test_a_home_tab_has_no_frame(name: str) -> None:
    with pytest.raises(InvalidBlocks) as caught:
        check_view(home(**{name: modal(close=plain()).get(name, True)}))
    assert caught.value.errors == [
        f"[ERROR] invalid additional property: {name} [json-pointer:/view]"
    ]


@pytest.mark.parametrize(
    ("view", "error"),
    [
        ({}, "missing required field: type [json-pointer:/view]"),
        (home(type="sheet"), "unsupported type: sheet [json-pointer:/view/type]"),
        ([], "must provide an object [json-pointer:/view]"),
        (None, "must provide an object [json-pointer:/view]"),
        (home(blocks={}), "must provide an array [json-pointer:/view/blocks]"),
        (modal(colour=1), "invalid additional property: colour [json-pointer:/view]"),
        (modal(title="Title"), "must provide an object [json-pointer:/view/title]"),
        (
            modal(title=mrkdwn()),
            "unsupported type: mrkdwn is not allowed here [json-pointer:/view/title/type]",
        ),
    ],
)
def test_what_is_no_view(view: object, error: str) -> None:
    with pytest.raises(InvalidBlocks) as caught:
        check_view(view)
    assert f"[ERROR] {error}" in caught.value.errors
    assert caught.value.code == "invalid_arguments"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ([], "must provide an object [json-pointer:]"),
        ({"text": 7}, "must provide a string [json-pointer:/text]"),
        ({"text": None}, "must provide a string [json-pointer:/text]"),
        ({"blocks": "[]"}, "must provide an array [json-pointer:/blocks]"),
        ({"blocks": [None]}, "must provide an object [json-pointer:/blocks/0]"),
        ({"attachments": {}}, "must provide an array [json-pointer:/attachments]"),
        (
            {"attachments": [{"actions": []}]},
            "invalid additional property: actions [json-pointer:/attachments/0]",
        ),
        (
            {"attachments": [{"blocks": [{"type": "section"}]}]},
            "must have at least one of: text, fields [json-pointer:/attachments/0/blocks/0]",
        ),
    ],
)
def test_what_is_no_message(message: object, error: str) -> None:
    with pytest.raises(InvalidBlocks) as caught:
        check_message(message)
    assert caught.value.errors == [f"[ERROR] {error}"]
    assert caught.value.code == "invalid_blocks"


def test_fields_that_are_not_of_the_message_itself_are_left_to_the_method() -> None:
    check_message({"channel": "C1", "text": "", "thread_ts": "1.2", "unfurl_links": 3})


def test_all_errors_are_reported_in_order() -> None:
    found = errors("message", {"type": "header"}, {"type": "nope"}, block("section", text="x"))
    assert found == [
        "missing required field: text [json-pointer:/blocks/0]",
        "unsupported type: nope [json-pointer:/blocks/1/type]",
        "must provide an object [json-pointer:/blocks/2/text]",
    ]


def test_the_error_says_everything() -> None:
    with pytest.raises(InvalidBlocks) as caught:
        check_message({"blocks": [{"type": "header"}, {"type": "nope"}]})
    assert str(caught.value) == "\n".join(caught.value.errors)
    assert len(caught.value.errors) == 2


def test_checking_changes_nothing() -> None:
    view = modal(*(block(kind) for kind in BLOCKS if surface_of(kind) == "modal"))
    before = json.dumps(view)
    check_view(view)
    assert json.dumps(view) == before
