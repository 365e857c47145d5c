"""The transcript of the tour: who did what, and what they saw; never a whole token."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

from keys.credentials.tokens import NotAToken, parse, pattern, redact

WIDTH = 96
_TOKEN = re.compile(pattern("ak"))


class Transcript:
    """Write line by line, so that a reader sees each step as it happens."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Start an empty transcript.

        Args:
            write: called with each line.
        """
        self._write = write
        self._steps = 0

    def part(self, title: str) -> None:
        """Start a new part."""
        self._write(f"\n── {title} ──")

    def step(self, title: str) -> None:
        """Start a new step."""
        self._steps += 1
        self._write(f"\n{self._steps}. {title}")

    def narrate(self, line: str) -> None:
        """Write what a user does, or a fact."""
        for part in textwrap.wrap(shortened(line), WIDTH - 3, break_on_hyphens=False):
            self._write(f"   {part}")

    def show(self, text: str) -> None:
        """Write what a user's screen shows, line by line."""
        for line in shortened(text).splitlines():
            for part in textwrap.wrap(line, WIDTH - 7, break_on_hyphens=False) or [""]:
                self._write(f"     │ {part}".rstrip())


def shortened(text: str) -> str:
    """Return the text with each token replaced by its hint."""
    # `redact` also removes what is not quite a token, such as one that was cut.
    return redact(_TOKEN.sub(lambda found: _hint(found[0]), text))


def _hint(text: str) -> str:
    try:
        return parse(text).hint
    except NotAToken:
        return redact(text)
