"""Format names, times and avatars the same way everywhere on the page."""

import hashlib
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.state.models import Role

_AVATAR_COLOURS = (
    "#B5446E",
    "#2F7F86",
    "#4F6D1F",
    "#8A5A12",
    "#3B6FB6",
    "#7A4BA0",
    "#A0442B",
    "#44618F",
)

ROLE_NAMES = {
    Role.PRIMARY_OWNER: "primary owner",
    Role.OWNER: "owner",
    Role.ADMIN: "admin",
    Role.MEMBER: "member",
    Role.GUEST: "guest",
    Role.SINGLE_CHANNEL_GUEST: "single-channel guest",
    Role.OUTSIDER: "another organisation",
    Role.DEACTIVATED: "deactivated",
    Role.BOT: "app",
}
"""The name of each role in the menu of people."""


def zone_named(name: str) -> tzinfo:
    """Return a time zone by its name, such as ``Europe/Berlin``; UTC if it is unknown here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_time(ts: str, zone: tzinfo) -> datetime:
    """Return a message's `ts` as a datetime in `zone`."""
    return datetime.fromtimestamp(float(ts), zone)


def clock_time(at: datetime, *, suffix: bool = True) -> str:
    """Return ``9:05 AM``, or ``9:05`` without the suffix, as Slack writes times."""
    hour = at.hour % 12 or 12
    half = " AM" if at.hour < 12 else " PM"
    return f"{hour}:{at.minute:02d}{half if suffix else ''}"


def day_name(day: date, today: date) -> str:
    """Return the text of a day divider: Today, Yesterday, or ``Tuesday, March 4th``."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    year = f", {day.year}" if day.year != today.year else ""
    return f"{day:%A, %B} {day.day}{_ordinal(day.day)}{year}"


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def full_time(at: datetime, today: date) -> str:
    """Return the tooltip of a time: ``Today at 9:05:12 AM``."""
    seconds = f"{clock_time(at, suffix=False)}:{at.second:02d}{' AM' if at.hour < 12 else ' PM'}"
    return f"{day_name(at.date(), today)} at {seconds}"


def avatar_colour(identity: str) -> str:
    """Return the avatar colour of an id, always the same one."""
    return _AVATAR_COLOURS[hashlib.sha256(identity.encode()).digest()[0] % len(_AVATAR_COLOURS)]


def initials(name: str) -> str:
    """Return one or two letters for an avatar: ``AW`` for “Alice Wong”."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    picked = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return picked.upper()
