"""Format dates as their reader sees them.

Sources: https://docs.slack.dev/messaging/formatting-message-text (date formatting) and
https://docs.slack.dev/reference/block-kit/block-elements/date-element. Words are those of a
reader whose Slack is in English (US).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

TOKEN: Final = re.compile(r"\{(\w+)\}")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HALF_A_YEAR: Final = timedelta(days=183)
UNITS: Final = (
    ("year", 31_536_000),
    ("month", 2_592_000),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
)


def format_date(timestamp: int, form: str, now: datetime, tz: tzinfo) -> str | None:
    """Replace the tokens of ``form``; ``None`` if there is no such date or a token is unknown.

    Arguments:
        timestamp: seconds since 1970.
        form: text with tokens such as ``{date_short_pretty} at {time}``.
        now: an aware datetime, from which "today" and "ago" count.
        tz: the reader's time zone.
    """
    try:
        local = datetime.fromtimestamp(timestamp, UTC).astimezone(tz)
    except (OverflowError, OSError, ValueError):
        return None
    local_now = now.astimezone(tz)
    pieces: list[str] = []
    end = 0
    for token in TOKEN.finditer(form):
        formatter = TOKENS.get(token.group(1))
        if formatter is None:
            return None
        pieces += [form[end : token.start()], formatter(local, local_now)]
        end = token.end()
    text = "".join([*pieces, form[end:]])
    return text[:1].upper() + text[1:] if form.startswith("{") else text


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _date_num(local: datetime, _: datetime) -> str:
    return f"{local.year:04}-{local.month:02}-{local.day:02}"


def _date_slash(local: datetime, _: datetime) -> str:
    return f"{local.month:02}/{local.day:02}/{local.year:04}"


def _month_and_day(local: datetime) -> str:
    return f"{MONTHS[local.month - 1]} {_ordinal(local.day)}"


def _date_long_full(local: datetime, _: datetime) -> str:
    return f"{_month_and_day(local)}, {local.year}"


def _date(local: datetime, now: datetime) -> str:
    """Format a date, without its year within six months of now."""
    near = abs(local - now) < HALF_A_YEAR
    return _month_and_day(local) if near else _date_long_full(local, now)


def _date_short(local: datetime, _: datetime) -> str:
    return f"{MONTHS[local.month - 1][:3]} {local.day}, {local.year}"


def _date_long(local: datetime, now: datetime) -> str:
    return f"{DAYS[local.weekday()]}, {_date_long_full(local, now)}"


def _day_divider(local: datetime, now: datetime) -> str:
    if local.year == now.year:
        return f"{DAYS[local.weekday()]}, {_month_and_day(local)}"
    return _date_long(local, now)


def _time(local: datetime, _: datetime) -> str:
    half = "AM" if local.hour < 12 else "PM"
    return f"{local.hour % 12 or 12}:{local.minute:02} {half}"


def _time_secs(local: datetime, _: datetime) -> str:
    half = "AM" if local.hour < 12 else "PM"
    return f"{local.hour % 12 or 12}:{local.minute:02}:{local.second:02} {half}"


def _ago(local: datetime, now: datetime) -> str:
    seconds = round((now - local).total_seconds())
    if abs(seconds) < 60:
        return "just now" if seconds >= 0 else "in a moment"
    name, length = next(unit for unit in UNITS if abs(seconds) >= unit[1])
    count = abs(seconds) // length
    amount = f"{count} {name}{'' if count == 1 else 's'}"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


Formatter = Callable[[datetime, datetime], str]


def _pretty(otherwise: Formatter) -> Formatter:
    """Return a formatter that prefers yesterday, today or tomorrow."""

    def formatter(local: datetime, now: datetime) -> str:
        days = (local.date() - now.date()).days
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
        return near or otherwise(local, now)

    return formatter


TOKENS: Final[dict[str, Formatter]] = {
    "date_num": _date_num,
    "date_slash": _date_slash,
    "date": _date,
    "date_pretty": _pretty(_date),
    "date_short": _date_short,
    "date_short_pretty": _pretty(_date_short),
    "date_long": _date_long,
    "date_long_full": _date_long_full,
    "date_long_pretty": _pretty(_date_long),
    "day_divider_pretty": _pretty(_day_divider),
    "time": _time,
    "time_secs": _time_secs,
    "ago": _ago,
}
