"""Judging how a key is used: the one place that decides which keys are idle or never used.

Time counts from when a key began to work here. An imported key may be years old; what happened to
it elsewhere is not known, and nothing follows from it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func
from sqlmodel import and_, col, select

from keys.base.models import KeyView
from storage.tables import Key, Secret, SecretUse

IDLE = timedelta(days=90)
# A newer key may just not be in use yet.
YOUNG = timedelta(days=14)


class Activity(StrEnum):
    """How a key is used.

    Attributes:
        USED: it was used in the last 90 days.
        IDLE: it was used, but not in the last 90 days.
        NEVER_USED: it has worked here for at least two weeks, and no use was seen.
        NEW: no use was seen, but it has worked here for less than two weeks.
    """

    USED = "used"
    IDLE = "idle"
    NEVER_USED = "never_used"
    NEW = "new"


def activity(key: KeyView, now: datetime) -> Activity:
    """Return how a key is used."""
    if key.last_used_at is not None:
        return Activity.IDLE if key.last_used_at <= now - IDLE else Activity.USED
    return Activity.NEVER_USED if key.works_since <= now - YOUNG else Activity.NEW


def has_activity(wanted: Activity, now: datetime) -> ColumnElement[bool]:
    """Return the SQL condition that a key is used in this way; `activity` decides the same."""
    used_at = last_used_at()
    match wanted:
        case Activity.USED:
            return used_at > now - IDLE
        case Activity.IDLE:
            return used_at <= now - IDLE
        case Activity.NEVER_USED:
            return and_(used_at.is_(None), works_since() <= now - YOUNG)
        case Activity.NEW:
            return and_(used_at.is_(None), works_since() > now - YOUNG)


def last_used_at() -> ColumnElement[datetime]:
    """Return the SQL expression for a key's last use; NULL if no use was seen."""
    return (
        select(func.max(col(SecretUse.last_used_at)))
        .join(Secret, col(Secret.id) == col(SecretUse.secret_id))
        .where(col(Secret.key_id) == col(Key.id))
        .correlate(Key)
        .scalar_subquery()
    )


def works_since() -> ColumnElement[datetime]:
    """Return the SQL expression for the time since when a key has worked here."""
    return func.coalesce(col(Key.activated_at), col(Key.created_at))
