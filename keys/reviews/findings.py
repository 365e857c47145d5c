"""Why a key deserves a second look, and what is usually right to do about it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from keys.base.models import KeyView
from keys.inputs.names import advice_on
from keys.search.filters import IDLE

# A key that is younger may simply not be in place yet.
YOUNG = timedelta(days=14)


class Doubt(StrEnum):
    """One reason, the gravest first.

    Attributes:
        OWNER_GONE: its owner has left.
        UNOWNED: nobody answers for it.
        NEVER_USED: it has not been used since it was made, two weeks ago or more.
        IDLE: it was used, but not for 90 days.
        POOR_NAME: its name does not tell what uses it.
        UNDATED: it never ends by itself.
    """

    OWNER_GONE = "owner_gone"
    UNOWNED = "unowned"
    NEVER_USED = "never_used"
    IDLE = "idle"
    POOR_NAME = "poor_name"
    UNDATED = "undated"


class Advice(StrEnum):
    """What is usually right."""

    KEEP = "keep"
    ROTATE = "rotate"
    REVOKE = "revoke"


def doubts(key: KeyView, gone: Collection[str], now: datetime) -> tuple[Doubt, ...]:
    """Every reason to doubt a key, the gravest first.

    Args:
        gone: the ids of people who have left.
    """
    found = {
        Doubt.OWNER_GONE: key.owner is not None and key.owner in gone,
        Doubt.UNOWNED: key.owner is None,
        Doubt.NEVER_USED: key.last_used_at is None and key.created_at <= now - YOUNG,
        Doubt.IDLE: key.last_used_at is not None and key.last_used_at <= now - IDLE,
        Doubt.POOR_NAME: advice_on(key.name) is not None,
        Doubt.UNDATED: key.expires_at is None,
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def advice(reasons: Collection[Doubt]) -> Advice:
    """What is usually right for a key with these doubts."""
    if Doubt.NEVER_USED in reasons or Doubt.IDLE in reasons:
        return Advice.REVOKE
    return Advice.ROTATE if Doubt.OWNER_GONE in reasons else Advice.KEEP


def weight(reasons: Collection[Doubt]) -> int:
    """Puts the doubtful first: grave reasons count for more than all the lighter ones together."""
    order = list(Doubt)
    return sum(1 << (len(order) - 1 - order.index(doubt)) for doubt in reasons)
