"""Rich text: styles, quotes, preformatted text and lists."""

from __future__ import annotations

import pytest

from tests.sandbox.blockkit.samples import (
    Json,
    errors,
    inline,
    rich_text,
)


def test_rich_text_styles() -> None:
    bold = {"bold": True, "italic": False, "code": True}
    assert errors("message", rich_text(inline("text", style=bold))) == []
    assert len(errors("message", rich_text(inline("text", style={"blink": True})))) == 1
    assert errors("message", rich_text(inline("user", style={"bold": True}))) == []
    assert len(errors("message", rich_text(inline("user", style={"code": True})))) == 1


@pytest.mark.parametrize("part", ["rich_text_quote", "rich_text_preformatted"])
def test_rich_text_parts(part: str) -> None:
    def with_(inside: Json) -> list[str]:
        return errors(
            "message", {"type": "rich_text", "elements": [{"type": part, "elements": [inside]}]}
        )

    assert with_(inline("text")) == []
    assert with_(inline("link")) == []
    assert (with_(inline("emoji")) == []) is (part == "rich_text_quote")


def test_rich_text_lists() -> None:
    section = {"type": "rich_text_section", "elements": [inline("text")]}
    good = {
        "type": "rich_text_list",
        "style": "ordered",
        "elements": [section],
        "offset": 3,
        "border": 1,
    }
    assert errors("message", {"type": "rich_text", "elements": [good]}) == []
    changes: list[Json] = [
        {"style": "roman"},
        {"offset": -1},
        {"border": 2},
        {"elements": []},
        {"elements": [inline("text")]},
    ]
    for change in changes:
        bad = {**good, **change}
        assert len(errors("message", {"type": "rich_text", "elements": [bad]})) == 1
