"""The last day of a key, as typed or picked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from keys.base.errors import InvalidExpiry
from keys.inputs.names import refuse_token


def read_day(given: Any) -> date | None:
    """Return a day; None if none was given. Whether it is allowed is up to the team's policy.

    Raises:
        InvalidExpiry: with a sentence that shows the format of a date.
        TokenInText: if the text contains a token.
    """
    if given is None or (isinstance(given, date) and not isinstance(given, datetime)):
        return given
    text = str(given).strip()
    refuse_token(text, "date")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidExpiry(f"“{text[:40]}” is not a date. Enter one like 2027-01-31.") from None
