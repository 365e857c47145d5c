"""Build the team's policy for expiry dates from the settings."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from keys.base.policy import Policy
from settings import TeamSettings


def expiry_policy(settings: TeamSettings) -> Policy:
    """Return a policy with the team's rules for expiry dates; the rest has its defaults."""
    return Policy(
        expiry_days=settings.expiry_days,
        expiry_max_days=settings.expiry_max_days,
        kept_days=settings.kept_days,
        timezone=ZoneInfo(settings.timezone),
    )
