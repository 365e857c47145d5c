"""The last day of a key, as typed or picked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from keys.base.errors import InvalidExpiry
from keys.inputs.names import refuse_token

_LAST_YEAR = 9998


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
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidExpiry(f"“{text[:40]}” is not a date. Enter one like 2027-01-31.") from None
    if day is not None and day.year > _LAST_YEAR:
        # The midnight after the last date of all cannot be written.
        raise InvalidExpiry(f"{day} is too far away. Enter a date up to {_LAST_YEAR}-12-31.")
    return day
