"""The slash command's name, as an operator chooses it."""

from __future__ import annotations

import re

DEFAULT_COMMAND = "/apikeys"


def read_command(text: str) -> str:
    """Return a slash command's name.

    Raises:
        ValueError: with the end of a sentence that says what to enter.
    """
    # Slack takes 32 characters at most: https://docs.slack.dev/reference/app-manifest
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", text):
        raise ValueError(
            "must be a slash and then lower-case letters, digits, hyphens or underscores, such as "
            "/keys-staging; 32 characters at most"
        )
    return text
