"""Register the access-request feature."""

from __future__ import annotations

from bot.access_requests import handlers, live
from bot.access_requests.announcements import ANNOUNCEMENTS
from bot.framework.feature import Feature, TimedJob
from keys.access_requests import decisions, queries
from keys.access_requests.events import MESSAGE_KIND

FEATURE = Feature(
    name="access_requests",
    routers=[handlers.router],
    live={MESSAGE_KIND: live.render},
    home_notices=[live.notice],
    member_notices=[live.own_notice],
    announcements=ANNOUNCEMENTS,
    timed=[
        TimedJob(
            lambda session, services: queries.has_overdue(session, services.clock.now()),
            decisions.close_overdue,
        )
    ],
)
