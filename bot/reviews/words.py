"""The findings and decisions of a review in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keys.reviews.findings import RiskFinding
from keys.reviews.models import Decision

COUNTED = {
    RiskFinding.LEAKED: "with a leaked token",
    RiskFinding.OWNER_GONE: "whose owner has left",
    RiskFinding.UNOWNED: "without an owner",
    RiskFinding.NEVER_USED: "never used",
    RiskFinding.IDLE: "idle for 90 days",
    RiskFinding.POOR_NAME: "with a poor name",
    RiskFinding.UNDATED: "without an expiry date",
}
DECIDED = {
    Decision.KEPT: "kept",
    Decision.ROTATED: "rotated",
    Decision.REVOKED: "revoked",
    Decision.EXPIRED: "expired",
    Decision.UNANSWERED: "without an answer",
}


def keys(count: int) -> str:
    """Return a count of keys, such as `1 key`."""
    return "1 key" if count == 1 else f"{count:,} keys"


def have(count: int, whose: str = "") -> str:
    """Return a count of keys with its verb, such as `1 key has`.

    Args:
        whose: words after the count, such as ` of yours`.
    """
    return f"{keys(count)}{whose} {'has' if count == 1 else 'have'}"


def unanswered(count: int, whose: str = "") -> str:
    """Return that keys have no answer, such as `1 key has no answer`; see `have`."""
    return f"{have(count, whose)} no answer"


def risk_findings(flagged: Mapping[RiskFinding, int]) -> str:
    """Return the counted risk findings, such as `3 never used · 2 without an expiry date`."""
    found = [(flagged.get(finding, 0), text) for finding, text in COUNTED.items()]
    return " · ".join(f"{count:,} {text}" for count, text in found if count)


def decided(counts: Mapping[Any, int]) -> str:
    """Return the counted decisions, such as `5 kept, 1 revoked`."""
    found = [(counts.get(decision, 0), text) for decision, text in DECIDED.items()]
    return ", ".join(f"{count:,} {text}" for count, text in found if count) or "no decisions"


def owner(user_id: str) -> str:
    """Render an owner as mrkdwn; `no owner` if empty."""
    return f"<@{user_id}>" if user_id else "no owner"
