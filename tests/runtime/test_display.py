"""Text from outside is shown so that nothing in it is hidden, and nothing acts on a terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.display import escaped_json, is_hidden, visible, visible_json, without_hidden

# Lone surrogates too, which `text()` leaves out.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[2J\x1b]0;x\x07", r"\x1b[2J\x1b]0;x\x07"),
        ("a\x9b31m", r"a\x9b31m"),
        ("a\x7f\x00\b", r"a\x7f\x00\x08"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("\u2066a\u2069\u200e\u061c", r"\u2066a\u2069\u200e\u061c"),
        ("a\u200bb\u00adc\ufeff", r"a\u200bb\xadc\ufeff"),
        ("\ud800x", r"\ud800x"),
        ("\ue000\ufdd0\U0001ffff", r"\ue000\ufdd0\U0001ffff"),
        ("\U000e0041", r"\U000e0041"),
        ("\u3164\u2800", r"\u3164\u2800"),
        ("a\nState: revoked\r\n", r"a\nState: revoked\r\n"),
        ("a\u2028b\u2029c\x85d\x0be", r"a\u2028b\u2029c\x85d\x0be"),
        ("a\tb", r"a\tb"),
    ],
)
def test_what_is_hidden_becomes_visible(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize(
    "text", ["Zapier", "👩‍💻 laptop", "नमस्‍ते", "می‌خواهم", "e\u0301", "東京", "𝒳", "a\u00a0b", "❤️"]
)
def test_what_people_write_stays(text: str) -> None:
    assert visible(text) == visible(text, multiline=True) == without_hidden(text) == text


def test_of_several_lines_the_breaks_stay_and_nothing_else() -> None:
    assert visible("a\n\tb\r\x1b", multiline=True) == "a\n\tb\\r\\x1b"


@given(ANY_TEXT)
def test_any_text_is_one_line_that_can_be_encoded(text: str) -> None:
    seen = visible(text)
    assert not any(map(is_hidden, seen))
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Co", "Zl", "Zp"} for char in seen)
    assert len(seen.encode().decode().splitlines()) == bool(seen)
    assert visible(seen) == seen


@given(ANY_TEXT)
def test_json_hides_nothing_and_says_the_same(text: str) -> None:
    written = visible_json({text: [text]})
    assert not any(map(is_hidden, written))
    # As any reader of a file has it: from bytes. A pair of surrogates is one character there.
    same = json.loads(json.dumps(text))
    assert json.loads(written.encode()) == {same: [same]}
    laid_out = json.dumps({"a": text}, ensure_ascii=False, indent=1)
    assert json.loads(escaped_json(laid_out)) == {"a": same}


@given(ANY_TEXT)
def test_what_is_left_without_the_hidden_is_not_hidden(text: str) -> None:
    left = without_hidden(text)
    assert all(char.isspace() or not is_hidden(char) for char in left)
