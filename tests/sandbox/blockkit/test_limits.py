"""Every limit at its edge: exactly the maximum passes, one more is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.blockkit import InvalidBlocks, check_message, check_view
from tests.sandbox.blockkit.samples import (
    Json,
    block,
    confirm,
    element,
    holding,
    home,
    inline,
    modal,
    mrkdwn,
    option,
    plain,
    rich_text,
)

Builder = Callable[[int], Json]


def message(*blocks: Json) -> Json:
    return {"text": "Words", "blocks": list(blocks)}


def options(count: int) -> list[Json]:
    return [option(str(number)) for number in range(count)]


def groups(count: int) -> list[Json]:
    return [{"label": plain(), "options": [option(str(number))]} for number in range(count)]


def in_actions(kind: str, **changes: Any) -> Json:
    return message(holding("actions", element(kind, **changes)))


def in_input(kind: str, **changes: Any) -> Json:
    return modal(holding("input", element(kind, **changes)))


def confirmed(name: str, text: str) -> Json:
    return in_actions("button", confirm={**confirm(), name: plain(text)})


def url(length: int) -> str:
    return "https://example.com/".ljust(length, "x")


# What, the maximum, and a message or view with n of it.
MAXIMA: list[tuple[str, int, Builder]] = [
    ("blocks of a message", 50, lambda n: message(*[block("divider")] * n)),
    ("blocks of a modal", 100, lambda n: modal(*[block("divider")] * n)),
    ("blocks of a Home tab", 100, lambda n: home(*[block("divider")] * n)),
    ("blocks of an attachment", 50, lambda n: {"attachments": [message(*[block("divider")] * n)]}),
    ("attachments", 100, lambda n: {"attachments": [{"text": "x"}] * n}),
    ("block_id", 255, lambda n: message(block("divider", block_id="x" * n))),
    ("action_id", 255, lambda n: in_actions("button", action_id="x" * n)),
    ("section text", 3000, lambda n: message(block("section", text=mrkdwn("x" * n)))),
    ("section fields", 10, lambda n: message(block("section", fields=[plain()] * n))),
    ("section field", 2000, lambda n: message(block("section", fields=[plain("x" * n)]))),
    ("header", 150, lambda n: message(block("header", text=plain("x" * n)))),
    ("context elements", 10, lambda n: message(block("context", elements=[plain()] * n))),
    ("context text", 3000, lambda n: message(block("context", elements=[mrkdwn("x" * n)]))),
    (
        "actions elements",
        25,
        lambda n: message(block("actions", elements=[element("button")] * n)),
    ),
    (
        "context actions elements",
        5,
        lambda n: message(block("context_actions", elements=[element("icon_button")] * n)),
    ),
    ("input label", 2000, lambda n: modal(block("input", label=plain("x" * n)))),
    ("input hint", 2000, lambda n: modal(block("input", hint=plain("x" * n)))),
    ("image block title", 2000, lambda n: message(block("image", title=plain("x" * n)))),
    ("image block alt_text", 2000, lambda n: message(block("image", alt_text="x" * n))),
    ("image block url", 3000, lambda n: message(block("image", image_url=url(n)))),
    (
        "image alt_text",
        2000,
        lambda n: message(holding("context", element("image", alt_text="x" * n))),
    ),
    (
        "image url",
        3000,
        lambda n: message(holding("context", element("image", image_url=url(n)))),
    ),
    ("video title", 199, lambda n: message(block("video", title=plain("x" * n)))),
    ("video author", 49, lambda n: message(block("video", author_name="x" * n))),
    ("video description", 200, lambda n: message(block("video", description=plain("x" * n)))),
    ("markdown", 12_000, lambda n: message(block("markdown", text="x" * n))),
    (
        "markdown altogether",
        12_000,
        lambda n: message(
            block("markdown", text="x" * 6000), block("markdown", text="x" * (n - 6000))
        ),
    ),
    (
        "table rows",
        100,
        lambda n: message(block("table", rows=[[{"type": "raw_text", "text": "a"}]] * n)),
    ),
    (
        "table columns",
        20,
        lambda n: message(block("table", rows=[[{"type": "raw_text", "text": "a"}] * n])),
    ),
    ("table column settings", 20, lambda n: message(block("table", column_settings=[{}] * n))),
    (
        "table characters",
        10_000,
        lambda n: message(
            block("table", rows=[[{"type": "raw_text", "text": "x" * 5000}, cell(n - 5000)]])
        ),
    ),
    ("tables", 1, lambda n: message(*[block("table")] * n)),
    ("button text", 75, lambda n: in_actions("button", text=plain("x" * n))),
    ("button value", 2000, lambda n: in_actions("button", value="x" * n)),
    ("button url", 3000, lambda n: in_actions("button", url=url(n))),
    ("button label", 75, lambda n: in_actions("button", accessibility_label="x" * n)),
    ("confirm title", 100, lambda n: confirmed("title", "x" * n)),
    ("confirm text", 300, lambda n: confirmed("text", "x" * n)),
    ("confirm button", 30, lambda n: confirmed("confirm", "x" * n)),
    ("deny button", 30, lambda n: confirmed("deny", "x" * n)),
    (
        "option text",
        75,
        lambda n: in_actions("static_select", options=[option("a", "x" * n)]),
    ),
    ("option value", 150, lambda n: in_actions("static_select", options=[option("x" * n)])),
    (
        "option description",
        75,
        lambda n: in_actions(
            "static_select", options=[{**option(), "description": plain("x" * n)}]
        ),
    ),
    ("options", 100, lambda n: in_actions("static_select", options=options(n))),
    ("multi options", 100, lambda n: in_actions("multi_static_select", options=options(n))),
    ("overflow options", 5, lambda n: in_actions("overflow", options=options(n))),
    ("checkboxes", 10, lambda n: in_actions("checkboxes", options=options(n))),
    ("radio buttons", 10, lambda n: in_actions("radio_buttons", options=options(n))),
    ("placeholder", 150, lambda n: in_actions("users_select", placeholder=plain("x" * n))),
    ("max_length", 3000, lambda n: in_input("plain_text_input", max_length=n)),
    ("min_length", 3000, lambda n: in_input("plain_text_input", min_length=n)),
    ("initial text", 3000, lambda n: in_input("plain_text_input", initial_value="x" * n)),
    (
        "initial text within max_length",
        5,
        lambda n: in_input("plain_text_input", max_length=5, initial_value="x" * n),
    ),
    ("files", 10, lambda n: in_input("file_input", max_files=n)),
    (
        "icon button viewers",
        10,
        lambda n: message(
            holding("context_actions", element("icon_button", visible_to_user_ids=["U1"] * n))
        ),
    ),
    ("modal title", 24, lambda n: modal(title=plain("x" * n))),
    ("modal submit", 24, lambda n: modal(submit=plain("x" * n))),
    ("modal close", 24, lambda n: modal(close=plain("x" * n))),
    ("private_metadata", 3000, lambda n: modal(private_metadata="x" * n)),
    ("private_metadata of a Home tab", 3000, lambda n: home(private_metadata="x" * n)),
    ("callback_id", 255, lambda n: modal(callback_id="x" * n)),
    ("external_id", 255, lambda n: modal(external_id="x" * n)),
    (
        "rich text indent",
        8,
        lambda n: message(
            block(
                "rich_text",
                elements=[
                    {
                        "type": "rich_text_list",
                        "style": "bullet",
                        "indent": n,
                        "elements": [{"type": "rich_text_section", "elements": []}],
                    }
                ],
            )
        ),
    ),
    ("skin tone", 6, lambda n: message(rich_text(inline("emoji", skin_tone=n)))),
    (
        "option groups and their label",
        100,
        lambda n: message(
            holding("section", {"type": "static_select", "option_groups": groups(n)})
        ),
    ),
    (
        "option group label",
        75,
        lambda n: message(
            holding(
                "section",
                {
                    "type": "static_select",
                    "option_groups": [{"label": plain("x" * n), "options": [option()]}],
                },
            )
        ),
    ),
]


def cell(length: int) -> Json:
    return rich_text({"type": "text", "text": "x" * length})


def refused(payload: Json) -> list[str]:
    try:
        check_view(payload) if payload.get("type") else check_message(payload)
    except InvalidBlocks as invalid:
        return invalid.errors
    return []


@pytest.mark.parametrize(("what", "most", "build"), MAXIMA, ids=[row[0] for row in MAXIMA])
def test_maximum(what: str, most: int, build: Builder) -> None:
    assert refused(build(most)) == []
    (error,) = refused(build(most + 1))
    assert any(
        words in error
        for words in (f"less than {most + 1}", f"no more than {most} items", "only one table")
    )


# What may not be empty, or not be below a minimum.
MINIMA: list[tuple[str, int, Builder]] = [
    ("section text", 1, lambda n: message(block("section", text=plain("x" * n)))),
    ("section fields", 1, lambda n: message({"type": "section", "fields": [plain()] * n})),
    ("context elements", 1, lambda n: message(block("context", elements=[plain()] * n))),
    ("actions elements", 1, lambda n: message(block("actions", elements=[element("button")] * n))),
    ("options", 1, lambda n: in_actions("static_select", options=options(n))),
    ("overflow options", 1, lambda n: in_actions("overflow", options=options(n))),
    ("option value", 1, lambda n: in_actions("overflow", options=[option("x" * n)])),
    ("button text", 1, lambda n: in_actions("button", text=plain("x" * n))),
    ("button value", 1, lambda n: in_actions("button", value="x" * n)),
    ("block_id", 1, lambda n: message(block("divider", block_id="x" * n))),
    ("action_id", 1, lambda n: in_actions("button", action_id="x" * n)),
    ("blocks of a view", 1, lambda n: {**home(), "blocks": [block("divider")] * n}),
    ("modal title", 1, lambda n: modal(title=plain("x" * n))),
    ("max_length", 1, lambda n: in_input("plain_text_input", max_length=n)),
    ("min_length", 0, lambda n: in_input("plain_text_input", min_length=n)),
    ("files", 1, lambda n: in_input("file_input", max_files=n)),
    ("max_selected_items", 1, lambda n: in_input("multi_users_select", max_selected_items=n)),
    ("min_query_length", 0, lambda n: in_input("external_select", min_query_length=n)),
    (
        "triggers",
        1,
        lambda n: in_input(
            "plain_text_input",
            dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"] * n},
        ),
    ),
    ("table rows", 1, lambda n: message(block("table", rows=[[cell(1)]] * n))),
    ("table cells", 1, lambda n: message(block("table", rows=[[cell(1)] * n]))),
    ("raw text", 1, lambda n: message(block("table", rows=[[raw("x" * n)]]))),
    ("markdown", 1, lambda n: message(block("markdown", text="x" * n))),
    ("rich text", 1, lambda n: message(rich_text({"type": "text", "text": "x" * n}))),
]


def raw(text: str) -> Json:
    return {"type": "raw_text", "text": text}


@pytest.mark.parametrize(("what", "least", "build"), MINIMA, ids=[row[0] for row in MINIMA])
def test_minimum(what: str, least: int, build: Builder) -> None:
    assert refused(build(least)) == []
    (error,) = refused(build(least - 1))
    assert any(
        words in error
        for words in (
            f"must be more than {least - 1} characters",
            f"no fewer than {least} items",
            f"must be greater than {least - 1}",
        )
    )


def test_what_may_be_empty() -> None:
    check_message({"text": "", "blocks": [], "attachments": []})
    check_view(modal(private_metadata="", callback_id="", external_id=""))
    check_view(in_input("plain_text_input", initial_value=""))
