"""Which blocks and elements exist, where each is allowed, and which texts and styles they take."""

from __future__ import annotations

import pytest

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
    inline,
    mrkdwn,
    plain,
    rich_text,
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
