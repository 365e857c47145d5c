"""What text may contain that is stored and shown again: one rule for names, notes and reasons.

Hidden characters (`runtime.display.is_hidden`) are refused: control characters, direction marks and
other invisible ones, private use, noncharacters and lone surrogates. A note or reason may have line
breaks. Tokens are refused too, see `keys.inputs.names.refuse_token`.
"""

from __future__ import annotations

import re

from keys.base.errors import InvalidId, TextUnprintable
from keys.credentials.tokens import redact
from runtime.display import is_hidden

# As editors and browsers of other systems write them.
_LINE_BREAK = re.compile("\r\n|[\r\u2028\u2029]")
# As long as the longest column for one.
_ID = re.compile(r"[ -~]{0,80}\Z")


def plain_lines(text: str) -> str:
    """Return a text with each line break as \\n and each tab as a space, trimmed."""
    return _LINE_BREAK.sub("\n", text).replace("\t", " ").strip()


def hidden_problem(text: str, field: str) -> str | None:
    """Return the sentence that names the first hidden character of a text; None if it has none.

    Line breaks (\\n) do not count.

    Args:
        field: the field's name for users, such as “note”.
    """
    char = next((char for char in text if char != "\n" and is_hidden(char)), None)
    return char and (
        f"The {field} contains an invisible character (U+{ord(char):04X}). Remove it, or type the "
        "text again."
    )


def refuse_hidden(text: str, field: str) -> None:
    """Refuse a text that contains a hidden character other than a line break.

    Args:
        field: the field's name for users, such as “note”; the error names it.

    Raises:
        TextUnprintable: with a sentence that names the first one by its number in Unicode.
    """
    if problem := hidden_problem(text, field):
        raise TextUnprintable(problem, field)


def check_id(text: str) -> str:
    """Return an id as it was given; no one types ids, but a forged press can send any text.

    Raises:
        InvalidId: if it cannot be an id.
    """
    if not _ID.match(text) or redact(text) != text:
        raise InvalidId("This refers to something that does not exist. Please start again.")
    return text
