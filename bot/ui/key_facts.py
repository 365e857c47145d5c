"""What is known of a key's origin and use, in words that hold for imported keys too."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ui.blocks import DAY, date, person_as_mrkdwn
from keys.base.models import KeyView

# A day after “on”, where Slack's “today” would not fit.
ON_DAY = "{date_short}"
_LEVELS = "▁▂▃▄▅▆▇█"


def last_use(key: KeyView) -> str:
    """Render when a key was last used, as mrkdwn."""
    if key.last_used_at is None:
        return no_use(key)
    return date(key.last_used_at, DAY, before="last used ")


def no_use(key: KeyView) -> str:
    """Render that no use of a key was seen: of an imported one, since its import."""
    if not key.imported:
        return "never used"
    return date(key.works_since, ON_DAY, before="no use seen since the import on ")


def origin(key: KeyView) -> str:
    """Render since when a key is here, as mrkdwn."""
    if key.imported:
        return date(key.works_since, DAY, before="imported ")
    return date(key.created_at, DAY, before="created ")


def origin_and_use(key: KeyView) -> list[str]:
    """Render since when a key is here, and when it was last used; the import only once."""
    if key.imported and key.last_used_at is None:
        return [no_use(key)]
    return [origin(key), last_use(key)]


def full_origin(key: KeyView) -> str:
    """Render where a key comes from, since when, and who brought it here, as mrkdwn."""
    by = person_as_mrkdwn(key.creator)
    if not key.imported:
        return f"{date(key.created_at)}, by {by}"
    imported = f"mported by {by} on {date(key.works_since, ON_DAY)}"
    if key.created_at == key.works_since:
        return f"I{imported}"
    return f"Elsewhere on {date(key.created_at, ON_DAY)}; i{imported}"


def sparkline(counts: Sequence[int]) -> str:
    """Render one small column for each number, scaled to the highest."""
    highest = max(counts, default=0)
    if not highest:
        return _LEVELS[0] * len(counts)
    top = len(_LEVELS) - 1
    # Rounded up, so that a single use is visible.
    return "".join(_LEVELS[-(-count * top // highest)] for count in counts)
