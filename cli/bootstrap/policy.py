"""Read the team's rule for dates of expiry from its settings, as the domain takes it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from keys.base.policy import Policy
from settings import TeamSettings


def expiry_policy(settings: TeamSettings) -> Policy:
    """Return what the team has decided about dates of expiry; the rest is as by default."""
    return Policy(
        expiry_days=settings.expiry_days,
        expiry_max_days=settings.expiry_max_days,
        timezone=ZoneInfo(settings.timezone),
    )
