"""The visible text of elements: labels, choices, and what was entered."""

from __future__ import annotations

import pytest

from sandbox.text import (
    plain_of_view,
)
from tests.sandbox.blockkit.samples import (
    Json,
    block,
    element,
    holding,
    modal,
    option,
    plain,
    rich_text,
)
from tests.sandbox.text.reader import NAMES, read


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (element("static_select", placeholder=plain("Pick one")), "[Pick one ▾]"),
        (element("static_select"), "[… ▾]"),
        (element("static_select", initial_option=option()), "[A ▾]"),
        (element("multi_static_select", initial_options=[option(), option("b", "B")]), "[A, B ▾]"),
        (element("users_select", initial_user="U1"), "[@alice ▾]"),
        (element("multi_users_select", initial_users=["U1", "U2"]), "[@alice, @bob ▾]"),
        (element("channels_select", initial_channel="C1"), "[#general ▾]"),
        (element("conversations_select", initial_conversation="C1"), "[#general ▾]"),
        (element("conversations_select", initial_conversation="U2"), "[@bob ▾]"),
        (element("datepicker", initial_date="2024-02-29"), "[2024-02-29]"),
        (element("datepicker", placeholder=plain("A day")), "[A day]"),
        (element("timepicker", initial_time="09:30"), "[09:30]"),
        (
            element("checkboxes", options=[option(), option("b", "B")], initial_options=[option()]),
            "[x] A\n[ ] B",
        ),
        (
            element("radio_buttons", options=[option(), option("b", "B")], initial_option=option()),
            "(•) A\n( ) B",
        ),
        (
            element("checkboxes", options=[{**option(), "description": plain("more")}]),
            "[ ] A – more",
        ),
        (element("workflow_button", text=plain("Run")), "[Run]"),
    ],
)
def test_elements(item: Json, words: str) -> None:
    assert read(holding("actions", item)) == words


def test_context_actions() -> None:
    assert read(holding("context_actions", element("icon_button"))) == "[Delete]"
    assert read(holding("context_actions", element("feedback_buttons"))) == "[Good] [Good]"


@pytest.mark.parametrize(
    ("item", "state", "words"),
    [
        (element("plain_text_input", initial_value="old"), {"value": None}, "[]"),
        (element("users_select", initial_user="U1"), {"selected_user": "U2"}, "[@bob ▾]"),
        (element("checkboxes", initial_options=[option()]), {"selected_options": []}, "[ ] A"),
        (element("radio_buttons"), {"selected_option": option()}, "(•) A"),
        (element("static_select"), {"selected_option": option("b", "B")}, "[B ▾]"),
        (element("multi_users_select"), {"selected_users": ["U1"]}, "[@alice ▾]"),
        (
            element("multi_conversations_select"),
            {"selected_conversations": ["C1"]},
            "[#general ▾]",
        ),
        (element("datepicker"), {"selected_date": "2024-01-01"}, "[2024-01-01]"),
        (element("number_input"), {"value": "7"}, "[7]"),
        (element("rich_text_input"), {"rich_text_value": rich_text()}, "[Words]"),
        (element("file_input"), {}, "[Upload a file]"),
    ],
)
def test_what_is_entered_wins(item: Json, state: Json, words: str) -> None:
    view = modal(block("input", block_id="b", element={**item, "action_id": "a"}))
    assert words in plain_of_view(view, NAMES, values={"b": {"a": state}}).split("\n")
