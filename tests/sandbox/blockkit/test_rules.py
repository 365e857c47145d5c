"""Rules across fields, across elements and across blocks."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.blockkit import InvalidBlocks, check_message, check_view
from tests.sandbox.blockkit.samples import (
    Json,
    block,
    confirm,
    element,
    errors,
    holding,
    home,
    modal,
    mrkdwn,
    option,
    plain,
)


def in_message(kind: str, **changes: Any) -> list[str]:
    return errors("message", holding("actions", element(kind, **changes)))


def in_modal(kind: str, **changes: Any) -> list[str]:
    return errors("modal", holding("input", element(kind, **changes)))


HERE = "[json-pointer:/blocks/0/elements/0"
INPUT = "[json-pointer:/view/blocks/0/element"


def test_block_ids_are_unique_in_a_message() -> None:
    twins = [block("divider", block_id="a"), block("header", block_id="a")]
    assert errors("message", *twins) == [
        "block_id a already exists [json-pointer:/blocks/1/block_id]"
    ]
    assert errors("modal", *twins) == [
        "block_id a already exists [json-pointer:/view/blocks/1/block_id]"
    ]
    assert errors("message", block("divider"), block("divider")) == []


def test_block_ids_are_unique_across_attachments() -> None:
    twin = block("divider", block_id="a")
    with pytest.raises(InvalidBlocks) as caught:
        check_message({"blocks": [twin], "attachments": [{"blocks": [twin]}]})
    assert caught.value.errors == [
        "[ERROR] block_id a already exists [json-pointer:/attachments/0/blocks/0/block_id]"
    ]


def test_action_ids_are_unique_within_a_block_only() -> None:
    button = element("button", action_id="go")
    assert errors("message", block("actions", elements=[button, button])) == [
        "action_id go already exists [json-pointer:/blocks/0/elements/1/action_id]"
    ]
    assert errors("message", holding("actions", button), holding("actions", button)) == []


def test_only_one_element_takes_the_focus() -> None:
    focused = holding("input", element("plain_text_input", focus_on_load=True))
    assert errors("modal", focused) == []
    assert errors("modal", focused, focused) == [
        "only one element can have focus_on_load set to true "
        "[json-pointer:/view/blocks/1/element/focus_on_load]"
    ]


def test_a_modal_with_inputs_needs_a_submit_button() -> None:
    view = modal(block("input"))
    del view["submit"]
    with pytest.raises(InvalidBlocks) as caught:
        check_view(view)
    assert caught.value.errors == [
        "[ERROR] missing required field: submit, which a view with input blocks needs "
        "[json-pointer:/view]"
    ]
    check_view({**view, "blocks": [block("divider")]})
    check_view(home(block("input")))


@pytest.mark.parametrize("kind", ["static_select", "multi_static_select"])
def test_options_or_groups_but_not_both(kind: str) -> None:
    group = {"label": plain(), "options": [option("b")]}
    wanted = [f"must have exactly one of: options, option_groups {HERE}]"]
    assert in_message(kind, option_groups=[group]) == wanted
    assert errors("message", holding("actions", {"type": kind})) == wanted
    assert errors("message", holding("actions", {"type": kind, "option_groups": [group]})) == []


def test_option_values_are_unique_in_a_menu() -> None:
    assert in_message("overflow", options=[option(), option("b"), option()]) == [
        f"option values must be unique {HERE}/options/2/value]"
    ]
    groups = [{"label": plain(), "options": [option()]}] * 2
    assert errors(
        "message", holding("actions", {"type": "static_select", "option_groups": groups})
    ) == [f"option values must be unique {HERE}/option_groups/1/options/0/value]"]


@pytest.mark.parametrize("kind", ["static_select", "radio_buttons"])
def test_the_initial_option_is_one_of_the_options(kind: str) -> None:
    assert in_message(kind, initial_option=option()) == []
    assert in_message(kind, initial_option=option("a", "Another")) == [
        f"must exactly match one of the provided options {HERE}/initial_option]"
    ]


@pytest.mark.parametrize("kind", ["checkboxes", "multi_static_select"])
def test_the_initial_options_are_among_the_options(kind: str) -> None:
    assert in_message(kind, initial_options=[option()]) == []
    assert in_message(kind, initial_options=[option(), option("b")]) == [
        f"must exactly match one of the provided options {HERE}/initial_options/1]"
    ]


def test_the_initial_option_may_be_in_a_group() -> None:
    menu = {"type": "static_select", "option_groups": [{"label": plain(), "options": [option()]}]}
    assert errors("message", holding("actions", {**menu, "initial_option": option()})) == []


@pytest.mark.parametrize(
    ("kind", "name", "chosen"),
    [
        ("multi_users_select", "initial_users", ["U1", "U2"]),
        ("multi_channels_select", "initial_channels", ["C1", "C2"]),
        ("multi_conversations_select", "initial_conversations", ["C1", "D2"]),
        ("multi_external_select", "initial_options", [option(), option("b")]),
    ],
)
def test_no_more_is_chosen_than_may_be(kind: str, name: str, chosen: list[Any]) -> None:
    assert in_message(kind, max_selected_items=2, **{name: chosen}) == []
    assert in_message(kind, max_selected_items=1, **{name: chosen}) == [
        f"no more than 1 items allowed {HERE}/{name}]"
    ]


@pytest.mark.parametrize(
    ("kind", "name", "bad"),
    [
        ("users_select", "initial_user", "alice"),
        ("users_select", "initial_user", "C123"),
        ("channels_select", "initial_channel", "#general"),
        ("conversations_select", "initial_conversation", "general"),
    ],
)
def test_ids_look_like_ids(kind: str, name: str, bad: str) -> None:
    (found,) = in_message(kind, **{name: bad})
    assert found.endswith(f" id {HERE}/{name}]")


@pytest.mark.parametrize("day", ["2024-02-29", "0001-01-01", "9999-12-31"])
def test_dates(day: str) -> None:
    assert in_message("datepicker", initial_date=day) == []


@pytest.mark.parametrize(
    "day",
    ["2023-02-29", "2024-13-01", "0000-01-01", "24-01-01", "20240101", "2024-01-01 ", "٢٠٢٤-٠١-٠١"],
)
def test_what_is_no_date(day: str) -> None:
    (found,) = in_message("datepicker", initial_date=day)
    assert found.endswith(f"{HERE}/initial_date]")


@pytest.mark.parametrize(
    ("time", "good"),
    [
        ("00:00", True),
        ("23:59", True),
        ("24:00", False),
        ("9:00", False),
        ("09:60", False),
        ("09:00pm", False),
    ],
)
def test_times(time: str, good: bool) -> None:
    assert (in_message("timepicker", initial_time=time) == []) is good


@pytest.mark.parametrize(
    ("moment", "good"),
    [(1628633820, True), (999999999, False), (10000000000, False), (1.5e9, False)],
)
def test_moments_have_ten_digits(moment: float, good: bool) -> None:
    assert (in_message("datetimepicker", initial_date_time=moment) == []) is good


def test_length_range() -> None:
    assert in_modal("plain_text_input", min_length=3, max_length=3) == []
    assert in_modal("plain_text_input", min_length=4, max_length=3) == [
        f"must be less than or equal to max_length {INPUT}/min_length]"
    ]


def test_number_range() -> None:
    assert in_modal("number_input", min_value="1", initial_value="5", max_value="9") == []
    assert in_modal("number_input", min_value="10", max_value="9") == [
        f"must be less than or equal to max_value {INPUT}/min_value]"
    ]
    assert in_modal("number_input", initial_value="10", max_value="9") == [
        f"must be less than or equal to max_value {INPUT}/initial_value]"
    ]
    assert in_modal("number_input", min_value="-1", initial_value="-2") == [
        f"must be less than or equal to initial_value {INPUT}/min_value]"
    ]


def test_decimals_only_where_allowed() -> None:
    assert in_modal("number_input", is_decimal_allowed=True, initial_value="1.5") == []
    assert in_modal("number_input", initial_value="1.5") == [
        f"must be a whole number when is_decimal_allowed is false {INPUT}/initial_value]"
    ]
    assert in_modal("number_input", initial_value="one") == [
        f"must be a number {INPUT}/initial_value]"
    ]


def test_dispatch_triggers() -> None:
    both = {"trigger_actions_on": ["on_enter_pressed", "on_character_entered"]}
    assert in_modal("plain_text_input", dispatch_action_config=both) == []
    twice = {"trigger_actions_on": ["on_enter_pressed", "on_enter_pressed"]}
    assert in_modal("plain_text_input", dispatch_action_config=twice) == [
        f"items must be unique {INPUT}/dispatch_action_config/trigger_actions_on]"
    ]
    (found,) = in_modal(
        "plain_text_input", dispatch_action_config={"trigger_actions_on": ["on_blur"]}
    )
    assert "must be a valid enum value" in found


def test_conversation_filters() -> None:
    assert in_message("conversations_select", filter={"include": ["im", "public"]}) == []
    assert in_message("conversations_select", filter={"exclude_bot_users": True}) == []
    assert len(in_message("conversations_select", filter={})) == 1
    assert len(in_message("conversations_select", filter={"include": []})) == 1
    assert len(in_message("conversations_select", filter={"include": ["im", "im"]})) == 1
    assert len(in_message("conversations_select", filter={"include": ["dm"]})) == 1


def test_response_urls_only_from_inputs_of_modals() -> None:
    menu = element("conversations_select", response_url_enabled=True)
    assert errors("modal", holding("input", menu)) == []
    for surface, place in [("message", "actions"), ("modal", "section"), ("home", "input")]:
        (found,) = errors(surface, holding(place, menu))
        assert found.startswith("response_url_enabled is only available in input blocks of modals")


def test_confirm_dialogs() -> None:
    assert in_message("button", confirm={**confirm(), "style": "danger"}) == []
    for name in ("title", "text", "confirm", "deny"):
        without = {key: value for key, value in confirm().items() if key != name}
        assert in_message("button", confirm=without) == [
            f"missing required field: {name} {HERE}/confirm]"
        ]
        assert in_message("button", confirm={**confirm(), name: mrkdwn()}) == [
            f"unsupported type: mrkdwn is not allowed here {HERE}/confirm/{name}/type]"
        ]
    assert in_message("button", confirm={**confirm(), "style": "default"}) == [
        f"must be a valid enum value: one of primary, danger {HERE}/confirm/style]"
    ]


@pytest.mark.parametrize(
    ("file", "good"),
    [
        ({"id": "F123"}, True),
        ({"url": "https://files.slack.com/files-pri/T1-F1/a.png"}, True),
        ({"id": "F123", "url": "https://files.slack.com/a.png"}, False),
        ({}, False),
        ({"id": "a.png"}, False),
    ],
)
def test_an_image_may_be_a_slack_file(file: Json, good: bool) -> None:
    picture = {"type": "image", "alt_text": "A cat", "slack_file": file}
    assert (errors("message", picture) == []) is good
    assert (errors("message", holding("context", picture)) == []) is good


def test_an_image_has_one_source() -> None:
    (found,) = errors("message", block("image", slack_file={"id": "F1"}))
    assert found == "must have exactly one of: image_url, slack_file [json-pointer:/blocks/0]"


def test_a_section_needs_text_or_fields() -> None:
    assert errors("message", {"type": "section", "fields": [mrkdwn()]}) == []
    assert errors("message", {"type": "section"}) == [
        "must have at least one of: text, fields [json-pointer:/blocks/0]"
    ]
