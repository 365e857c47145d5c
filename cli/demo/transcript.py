"""What a reader of the tour sees: steps, who did what, and what they saw; never a whole token."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

from keys.credentials.tokens import NotAToken, parse, pattern, redact

WIDTH = 96
_TOKEN = re.compile(pattern("ak"))


class Transcript:
    """Writes line by line, so that a reader sees each as it happens."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Start empty.

        Args:
            write: is given each line.
        """
        self._write = write
        self._steps = 0

    def step(self, title: str) -> None:
        """A new step begins."""
        self._steps += 1
        self._write(f"\n{self._steps}. {title}")

    def tells(self, line: str) -> None:
        """Write what a user does, or what is so."""
        for part in textwrap.wrap(shortened(line), WIDTH - 3, break_on_hyphens=False):
            self._write(f"   {part}")

    def shows(self, text: str) -> None:
        """Write what a user's screen shows, line by line."""
        for line in shortened(text).splitlines():
            for part in textwrap.wrap(line, WIDTH - 7, break_on_hyphens=False) or [""]:
                self._write(f"     │ {part}".rstrip())


def shortened(text: str) -> str:
    """The text with each token shortened to the hint that people know it by."""
    # The second look is for what is not quite a token, such as one that was cut.
    return redact(_TOKEN.sub(lambda found: _hint(found[0]), text))


def _hint(text: str) -> str:
    try:
        return parse(text).hint
    except NotAToken:
        return redact(text)
