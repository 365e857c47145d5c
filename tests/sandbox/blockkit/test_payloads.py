"""Whole messages and views: what is refused altogether, and how all errors are reported."""

from __future__ import annotations

import json

import pytest

from sandbox.blockkit import InvalidBlocks, check_message, check_view
from tests.sandbox.blockkit.samples import (
    BLOCKS,
    block,
    errors,
    home,
    modal,
    mrkdwn,
    plain,
    surface_of,
)


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
