"""Filters for the list of keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement
from sqlmodel import col, exists, or_, select

from keys.usage.activity import Activity, has_activity
from storage.tables import Departure, Key

EXPIRING = timedelta(days=30)
WEEK = timedelta(days=7)


class KeyFilter(StrEnum):
    """A filter for active keys.

    Attributes:
        MINE: keys whose owner or backup owner is the viewer.
        THIS_WEEK: keys that expire within a week, and have not expired yet.
        EXPIRING: keys that expire within 30 days, or have expired.
        EXPIRED: keys that have expired, and were not revoked.
        IDLE: keys that were used, but not in the last 90 days.
        NEVER_USED: keys that have worked here for two weeks, and whose use was never seen.
        UNDATED: keys without an expiry date.
        UNOWNED: keys without an owner.
        GONE: keys whose owner has left.
    """

    ALL = "all"
    MINE = "mine"
    THIS_WEEK = "this_week"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    IDLE = "idle"
    NEVER_USED = "never_used"
    UNDATED = "undated"
    UNOWNED = "unowned"
    GONE = "gone"


def owned_by(user_id: str) -> ColumnElement[bool]:
    """Return the condition that a user is the owner or the backup owner."""
    return or_(col(Key.owner) == user_id, col(Key.backup_owner) == user_id)


def conditions(key_filter: KeyFilter, viewer: str, now: datetime) -> list[ColumnElement[bool]]:
    """Return the SQL conditions for a filter.

    Args:
        viewer: the id of the user who is viewing the list.
    """
    match key_filter:
        case KeyFilter.MINE:
            return [owned_by(viewer)]
        case KeyFilter.THIS_WEEK:
            return [col(Key.expires_at) > now, col(Key.expires_at) <= now + WEEK]
        case KeyFilter.EXPIRING:
            return [col(Key.expires_at) <= now + EXPIRING]
        case KeyFilter.EXPIRED:
            return [col(Key.expires_at) <= now]
        case KeyFilter.IDLE:
            return [has_activity(Activity.IDLE, now)]
        case KeyFilter.NEVER_USED:
            return [has_activity(Activity.NEVER_USED, now)]
        case KeyFilter.UNDATED:
            return [col(Key.expires_at).is_(None)]
        case KeyFilter.UNOWNED:
            return [col(Key.owner).is_(None)]
        case KeyFilter.GONE:
            gone = exists(
                select(Departure.user_id).where(
                    col(Departure.account_id) == col(Key.account_id),
                    col(Departure.user_id) == col(Key.owner),
                    col(Departure.departed_at).is_not(None),
                )
            )
            return [gone]
        case _:
            return []
