"""Filters for the list of keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func
from sqlmodel import col, exists, or_, select

from storage.tables import Departure, Key, Secret, SecretUse

EXPIRING = timedelta(days=30)
IDLE = timedelta(days=90)


class KeyFilter(StrEnum):
    """A filter for active keys.

    Attributes:
        MINE: keys whose owner or backup owner is the viewer.
        EXPIRING: keys that expire within 30 days, or have expired.
        IDLE: keys that are at least 90 days old and were not used in the last 90 days.
        UNDATED: keys without an expiry date.
        UNOWNED: keys without an owner.
        GONE: keys whose owner has left.
    """

    ALL = "all"
    MINE = "mine"
    EXPIRING = "expiring"
    IDLE = "idle"
    UNDATED = "undated"
    UNOWNED = "unowned"
    GONE = "gone"


def conditions(key_filter: KeyFilter, viewer: str, now: datetime) -> list[ColumnElement[bool]]:
    """Return the SQL conditions for a filter.

    Args:
        viewer: the id of the user who is viewing the list.
    """
    match key_filter:
        case KeyFilter.MINE:
            return [or_(col(Key.owner) == viewer, col(Key.backup_owner) == viewer)]
        case KeyFilter.EXPIRING:
            return [col(Key.expires_at) <= now + EXPIRING]
        case KeyFilter.IDLE:
            since = now - IDLE
            used = exists(
                select(SecretUse.secret_id)
                .join(Secret, col(Secret.id) == col(SecretUse.secret_id))
                .where(col(Secret.key_id) == col(Key.id), col(SecretUse.last_used_at) >= since)
            )
            active_from = func.coalesce(Key.activated_at, Key.created_at)
            return [~used, active_from < since]
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
