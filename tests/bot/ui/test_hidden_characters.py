"""No element of Block Kit hides a character, whatever is stored."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.ui import blocks, inputs
from bot.ui.search_box import search_box

EVIL = "x\x1b[2J\u202e\x9b\r\u2028\ud800\x00"
SEEN = r"x\x1b[2J\u202e\x9b\r\u2028\ud800\x00"


@pytest.mark.parametrize(
    "render",
    [
        blocks.plain, blocks.plain_user_text, blocks.mrkdwn, blocks.section, blocks.context,
        blocks.header, blocks.text_element, blocks.line, blocks.sentence,
        lambda text: blocks.message(blocks.section(text)),
        blocks.code, lambda text: blocks.fields([("Note", text)]),
        lambda text: blocks.confirm_dialog(text, "", ""), lambda text: blocks.button(text, "a"),
        lambda text: inputs.note(text), lambda text: inputs.name_inputs(text, None),
        lambda text: search_box(text, "a", ""),
    ],
)  # fmt: skip
def test_no_element_hides_anything(render: Callable[[str], object]) -> None:
    drawn = json.dumps(render(EVIL), ensure_ascii=False)
    assert drawn.isprintable()
    assert json.dumps(SEEN)[1:-1] in drawn


def test_lines_stay_lines_but_not_in_code() -> None:
    assert blocks.mrkdwn("a\n\tb")["text"] == "a\n\tb"
    assert blocks.text_element("a\nb")["text"] == "a\nb"
    assert blocks.code("a\nb") == r"`a\nb`"
