"""Show text from outside as data: what would move a cursor, reorder or hide text is made visible.

What people type, and what other systems send, is stored and shown again: at a terminal, in the log,
in a spreadsheet, in Slack. There, an escape sequence could erase a line, a line break could forge
one, and a direction mark could make a text read as another. Input is refused such characters
(`keys.inputs.text`); everything that shows text uses this module, because the database may have
text from before that rule, or from another program.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

# By Unicode general category: control, format (such as text-direction marks), surrogate, private
# use, unassigned (which has the noncharacters), line and paragraph separators.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Needed inside words of several scripts and in emoji, where they hide nothing.
JOINERS = frozenset("\u200c\u200d")
# Characters that are blank although Unicode counts them as letters.
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")

# Only these are looked at one by one: nearly all texts have none, or few.
_NOT_PLAIN = re.compile(r"[^ -~]")


def is_hidden(char: str) -> bool:
    """Return whether a character is invisible or acts on other text; true for a line break."""
    return (
        unicodedata.category(char) in HIDDEN_CATEGORIES and char not in JOINERS
    ) or char in BLANK_LETTERS


def without_hidden(text: str) -> str:
    """Return the text without hidden characters; line breaks and other white space stay."""
    return _NOT_PLAIN.sub(
        lambda found: "" if is_hidden(found[0]) and not found[0].isspace() else found[0], text
    )


def visible(text: str, *, multiline: bool = False) -> str:
    """Return the text with each hidden character as its escape, such as `\\x1b` or `\\u202e`.

    The result can always be encoded, lone surrogates included.

    Args:
        multiline: whether line breaks (\\n) and tabs stay as they are; otherwise, the result is
            one line.
    """

    def escaped(found: re.Match[str]) -> str:
        char = found[0]
        stays = not is_hidden(char) or (multiline and char in "\n\t")
        return char if stays else char.encode("unicode_escape").decode("ascii")

    return _NOT_PLAIN.sub(escaped, text)


def escaped_json(text: str) -> str:
    """Return JSON text with each hidden character in a string as JSON's own escape: the same value.

    Line breaks between the values stay; inside a string, JSON has none.
    """

    def escaped(found: re.Match[str]) -> str:
        char = found[0]
        return json.dumps(char)[1:-1] if is_hidden(char) and char != "\n" else char

    return _NOT_PLAIN.sub(escaped, text)


def visible_json(value: Any, *, default: Callable[[Any], Any] | None = None) -> str:
    """Return a value as JSON on one line, in which nothing is hidden; see `escaped_json`."""
    return escaped_json(json.dumps(value, ensure_ascii=False, default=default))
