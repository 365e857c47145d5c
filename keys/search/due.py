"""What is due for a key: reasons to look at it now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from keys.base.models import KeyView, State
from keys.search.filters import WEEK
from keys.usage.activity import Activity, activity


class DueReason(StrEnum):
    """Why a key needs attention, most urgent first.

    Attributes:
        EXPIRED: it has expired.
        EXPIRING: it expires within a week.
        OWNER_GONE: its owner has left.
        IDLE: it was used, but not in the last 90 days.
    """

    EXPIRED = "expired"
    EXPIRING = "expiring"
    OWNER_GONE = "owner_gone"
    IDLE = "idle"


def due_reasons(key: KeyView, gone: Collection[str], now: datetime) -> list[DueReason]:
    """Return why a key needs attention; nothing is due for one that was revoked.

    Args:
        gone: the ids of people who have left.
    """
    if key.state is not State.ACTIVE:
        return []
    found = {
        DueReason.EXPIRED: key.expired(now),
        DueReason.EXPIRING: key.expires_at is not None and now < key.expires_at <= now + WEEK,
        DueReason.OWNER_GONE: key.owner is not None and key.owner in gone,
        DueReason.IDLE: activity(key, now) is Activity.IDLE,
    }
    return [reason for reason, holds in found.items() if holds]
