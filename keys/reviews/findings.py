"""Risk findings: reasons to check a key, and the recommendation that follows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from keys.base.models import KeyView
from keys.inputs.names import advice_on
from keys.usage.activity import Activity, activity


class RiskFinding(StrEnum):
    """A reason to check a key, most severe first.

    Attributes:
        LEAKED: a token of it was found in a message, and was not replaced since.
        OWNER_GONE: its owner has left.
        UNOWNED: it has no owner.
        NEVER_USED: it has worked here for at least two weeks, and no use was seen.
        IDLE: it was used, but not in the last 90 days.
        POOR_NAME: its name does not identify the program that uses it.
        UNDATED: it has no expiry date.
    """

    LEAKED = "leaked"
    OWNER_GONE = "owner_gone"
    UNOWNED = "unowned"
    NEVER_USED = "never_used"
    IDLE = "idle"
    POOR_NAME = "poor_name"
    UNDATED = "undated"


class Recommendation(StrEnum):
    """What to do with a key."""

    KEEP = "keep"
    ROTATE = "rotate"
    REVOKE = "revoke"


def risk_findings(
    key: KeyView, gone: Collection[str], now: datetime, leaked: Collection[str] = ()
) -> tuple[RiskFinding, ...]:
    """Return a key's risk findings, most severe first.

    Args:
        gone: the ids of people who have left.
        leaked: the ids of keys with a leaked token that works.
    """
    found_activity = activity(key, now)
    found = {
        RiskFinding.LEAKED: key.id in leaked,
        RiskFinding.OWNER_GONE: key.owner is not None and key.owner in gone,
        RiskFinding.UNOWNED: key.owner is None,
        RiskFinding.NEVER_USED: found_activity is Activity.NEVER_USED,
        RiskFinding.IDLE: found_activity is Activity.IDLE,
        RiskFinding.POOR_NAME: advice_on(key.name) is not None,
        RiskFinding.UNDATED: key.expires_at is None,
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def advice(reasons: Collection[RiskFinding]) -> Recommendation:
    """Return the recommendation for a key with these findings."""
    if RiskFinding.NEVER_USED in reasons or RiskFinding.IDLE in reasons:
        return Recommendation.REVOKE
    known_to_others = RiskFinding.LEAKED in reasons or RiskFinding.OWNER_GONE in reasons
    return Recommendation.ROTATE if known_to_others else Recommendation.KEEP


def severity(reasons: Collection[RiskFinding]) -> int:
    """Return a sort key: each finding outweighs all less severe ones together."""
    order = list(RiskFinding)
    return sum(1 << (len(order) - 1 - order.index(doubt)) for doubt in reasons)
