"""All visible text of a message or a view, in reading order."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.text import (
    code_of_message,
    parse_rich_text,
    parse_text_object,
    plain_of_message,
    plain_of_view,
    to_plain,
)
from tests.sandbox.blockkit.samples import (
    BLOCKS,
    ELEMENTS,
    INLINE,
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
from tests.sandbox.blockkit.test_fuzz import ANY_JSON, places
from tests.sandbox.text.reader import NAMES, NOW, message, read


def test_blocks_replace_the_text() -> None:
    assert plain_of_message({"text": "*Hi* <@U1>"}, NAMES) == "Hi @alice"
    assert plain_of_message({"text": "Fallback", "blocks": []}) == "Fallback"
    assert read(block("header", text=plain("Keys"))) == "Keys"


def test_a_message_is_read_from_top_to_bottom() -> None:
    revoke = element("button", text=plain("Revoke"), confirm=confirm())
    cancel = element("button", text=plain("Cancel"))
    words = read(
        block("header", text=plain(":key: Keys")),
        block("section", text=mrkdwn("*Zapier*"), fields=[mrkdwn("_by_ <@U1>"), plain("never")]),
        block("divider"),
        block("context", elements=[element("image"), mrkdwn("in <#C1>")]),
        block("actions", elements=[revoke, cancel]),
    )
    assert words.split("\n") == [
        "🔑 Keys",
        "Zapier",
        "by @alice",
        "never",
        "[image: A cat] in #general",
        "[Revoke] [Cancel]",
    ]


def test_a_row_with_a_menu() -> None:
    menu = element("overflow", options=[option("r", "Rename"), option("x", "Revoke")])
    row = block("section", text=mrkdwn("*Zapier*"), accessory=menu)
    assert read(row) == "Zapier\n[⋯ Rename | Revoke]"


def test_a_modal() -> None:
    view = modal(
        block("section", text=mrkdwn("Who gets it?")),
        block(
            "input",
            block_id="name",
            label=plain("Name"),
            hint=plain("1 to 80 characters"),
            element=element("plain_text_input", action_id="name", placeholder=plain("Zapier")),
        ),
        block("input", block_id="note", label=plain("Note"), optional=True),
        title=plain("New key"),
        submit=plain("Create"),
        close=plain("Cancel"),
    )
    assert plain_of_view(view).split("\n") == [
        "New key",
        "Who gets it?",
        "Name",
        "[Zapier]",
        "1 to 80 characters",
        "Note (optional)",
        "[]",
        "[Cancel] [Create]",
    ]
    entered = {"name": {"name": {"type": "plain_text_input", "value": "Nightly"}}}
    errors = {"name": "That name is taken."}
    words = plain_of_view(view, values=entered, errors=errors)
    assert "Name\n[Nightly]\nThat name is taken.\n1 to 80 characters" in words
    assert "Name\n[Nightly]" in plain_of_view({**view, "state": {"values": entered}})


def test_a_home_tab() -> None:
    assert plain_of_view(home(block("header", text=plain("Your keys")))) == "Your keys"


def test_dates_are_the_readers() -> None:
    date = {"text": "<!date^1708257600^{date_pretty} at {time}|then>"}
    assert plain_of_message(date, now=NOW, tz=UTC) == "Today at 12:00 PM"
    assert plain_of_message(date) == "then"


def test_attachments_follow() -> None:
    old = {
        "pretext": "a",
        "title": "*b*",
        "text": "c",
        "footer": "d",
        "fields": [{"title": "e", "value": "f"}],
    }
    new = {"color": "good", "blocks": [block("section", text=mrkdwn("*g*"))], "fallback": "h"}
    assert plain_of_message({"text": "x", "attachments": [old, new]}).split("\n") == [
        "x", "a", "b", "c", "e", "f", "d", "g",
    ]  # fmt: skip


def test_a_table() -> None:
    rows = [
        [{"type": "raw_text", "text": "Name"}, {"type": "raw_text", "text": "Owner"}],
        [{"type": "raw_text", "text": "Zapier"}, rich_text(inline("user"))],
    ]
    assert read(block("table", rows=rows)) == "Name | Owner\nZapier | @alice"


def test_other_blocks() -> None:
    assert read(block("markdown", text="**Hi**")) == "**Hi**"
    assert read(block("image", title=plain("Cat"))) == "Cat\n[image: A cat]"
    assert read(block("video", description=plain("More"))) == "Words\nMore"
    assert read(block("file")) == "[file F1]"


def test_rich_text() -> None:
    section = {"type": "rich_text_section"}
    items = [{**section, "elements": [{"type": "text", "text": word}]} for word in ("a", "b")]
    elements = [
        {**section, "elements": [
            {"type": "text", "text": "Hi ", "style": {"bold": True}},
            inline("user"), {"type": "text", "text": " "}, inline("broadcast"),
            {"type": "text", "text": " "}, inline("usergroup"), inline("emoji"),
            {"type": "emoji", "name": "own", "unicode": "1f680"},
            {"type": "link", "url": "https://a.example", "text": "there"}]},
        {"type": "rich_text_list", "style": "bullet", "elements": items},
        {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 4, "elements": items},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q\nr"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "  p"}]},
    ]  # fmt: skip
    assert read({"type": "rich_text", "elements": elements}).split("\n") == [
        "Hi @alice @here @key-admins🎉🚀there",
        "• a",
        "• b",
        "  5. a",
        "  6. b",
        "> q",
        "> r",
        "  p",
    ]


def test_a_list_is_never_indented_out_of_sight() -> None:
    items = [{"type": "rich_text_section", "elements": [inline("text")]}]
    for indent, spaces in ((10**12, 16), (-1, 0)):
        far = {"type": "rich_text_list", "style": "bullet", "elements": items, "indent": indent}
        assert read({"type": "rich_text", "elements": [far]}) == " " * spaces + "• Words"


@pytest.mark.parametrize(
    ("unicode", "words"),
    [
        ("1f44b-1f3fd", "👋🏽"),
        ("d800", ":own:"),
        ("what", ":own:"),
        ("f" * 40, ":own:"),
        ("", ":own:"),
    ],
)
def test_an_emoji_by_its_code_points(unicode: str, words: str) -> None:
    tree = parse_rich_text(rich_text({"type": "emoji", "name": "own", "unicode": unicode}))
    assert to_plain(tree) == words


def test_plain_text_objects() -> None:
    assert to_plain(parse_text_object(plain("*a* :key:"))) == "*a* 🔑"
    assert to_plain(parse_text_object({**plain(":key:"), "emoji": False})) == ":key:"
    assert to_plain(parse_text_object(mrkdwn("*a*"))) == "a"
    assert parse_text_object(None) == ()


@pytest.mark.parametrize(
    "content",
    [
        {"text": "Your token:\n```ak_1```"},
        {"text": "Your token: `ak_1`"},
        message(block("section", text=mrkdwn("Here: *`ak_1`*"))),
        message(block("section", fields=[mrkdwn("a"), mrkdwn("> `ak_1`")])),
        message(block("context", elements=[mrkdwn("`ak_1`")])),
        {"text": "", "attachments": [{"text": "`ak_1`"}]},
        message(rich_text({"type": "text", "text": "ak_1", "style": {"code": True}})),
        message(
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_preformatted",
                        "elements": [{"type": "text", "text": "ak_1"}],
                    }
                ],
            }
        ),
    ],
)
def test_code_of_message(content: Json) -> None:
    assert code_of_message(content) == ["ak_1"]


def test_code_comes_in_reading_order() -> None:
    assert code_of_message({"text": "`a` ```b``` `c`"}) == ["a", "b", "c"]
    assert code_of_message({"text": "no code"}) == []
    assert code_of_message(message(block("section", text=plain("`a`")), text="`b`")) == []


def test_every_sample_can_be_read() -> None:
    for kind in BLOCKS:
        assert read(block(kind)) or kind == "divider"
    for kind in ELEMENTS:
        assert read(holding("actions", element(kind)))
    for kind in INLINE:
        assert to_plain(parse_rich_text(rich_text(inline(kind))), NAMES)


@given(ANY_JSON, st.data())
def test_reading_never_fails(anything: Any, data: st.DataObject) -> None:
    blocks = [block(kind) for kind in BLOCKS] + [holding("input", element(k)) for k in ELEMENTS]
    content = {"text": "x", "blocks": [data.draw(st.sampled_from(blocks))], "title": plain()}
    content = _copy(content)
    place, step = data.draw(st.sampled_from(places(content)))
    place[step] = anything
    plain_of_message(content, NAMES, NOW)
    plain_of_view(content, NAMES, NOW)
    code_of_message(content)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
