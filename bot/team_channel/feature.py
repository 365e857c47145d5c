"""Register the team's channel."""

from __future__ import annotations

from bot.framework.feature import Feature
from bot.team_channel import handlers
from bot.team_channel.announcements import ANNOUNCEMENTS

FEATURE = Feature(
    name="team_channel",
    routers=[handlers.router],
    announcements=ANNOUNCEMENTS,
    home_notices=[handlers.notice],
)
