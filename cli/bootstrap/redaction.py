"""Redact secrets from the logs of every process that this program starts."""

from __future__ import annotations

import re

from keys.credentials import tokens
from runtime.redaction import SecretPattern, redactor, secret_input

# The input for a pasted token (bot.ui.ids.PASTED; a test compares them). Repeated here, because the
# gateway alone imports nothing of the bot.
_PASTED = "pasted_token"
_SLACK_TOKEN = SecretPattern(
    re.compile(r"\b(xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{4,}"),
    r"\1-[removed]",
    ("xox", "xapp-"),
)
# With the ticket of a Socket Mode URL, anyone can connect as the bot.
_TICKET = SecretPattern(re.compile(r"([?&]ticket=)[^&\s\"'<>]+"), r"\1[removed]", ("ticket=",))

redact = redactor(tokens.redact, (secret_input(_PASTED), _SLACK_TOKEN, _TICKET))
"""Remove our tokens, Slack's tokens and tickets, and what was pasted into the check."""
