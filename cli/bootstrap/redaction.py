"""List what must never stand in a log, for every process that this program starts."""

from __future__ import annotations

import re

from keys.credentials import tokens
from runtime.redaction import SecretPattern, redactor, secret_input

# The input into which a token is pasted (bot.ui.ids.PASTED; a test holds that). Named here, since a
# gateway alone imports nothing of the bot.
_PASTED = "pasted_token"
_SLACK_TOKEN = SecretPattern(
    re.compile(r"\b(xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{4,}"),
    r"\1-[removed]",
    ("xox", "xapp-"),
)
# With the ticket of a Socket Mode address, anyone can connect in the bot's place.
_TICKET = SecretPattern(re.compile(r"([?&]ticket=)[^&\s\"'<>]+"), r"\1[removed]", ("ticket=",))

redact = redactor(tokens.redact, (secret_input(_PASTED), _SLACK_TOKEN, _TICKET))
"""Remove our tokens, Slack's tokens and tickets, and what was pasted to be checked."""
