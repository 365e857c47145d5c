"""Register the rotation feature."""

from __future__ import annotations

from bot.framework.feature import Feature, TimedJob
from bot.rotation import handlers, live
from bot.rotation.announcements import ANNOUNCEMENTS
from keys.rotation import grace, queries

FEATURE = Feature(
    name="rotation",
    routers=[handlers.router],
    live={"rotation": live.render},
    announcements=ANNOUNCEMENTS,
    timed=[TimedJob(lambda session, _: queries.are_running(session), grace.run_due)],
)
