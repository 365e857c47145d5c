"""Register the offboarding feature."""

from __future__ import annotations

from bot.framework.feature import Feature, TimedJob
from bot.offboarding import bulk_job, handlers, live, membership_sync
from bot.offboarding.announcements import ANNOUNCEMENTS
from keys.offboarding import progress

FEATURE = Feature(
    name="offboarding",
    routers=[handlers.router, membership_sync.router],
    live={"offboarding": live.render},
    announcements=ANNOUNCEMENTS,
    timed=[
        TimedJob(
            lambda session, services: progress.has_due_work(session, services.clock.now()),
            progress.run_due,
        )
    ],
    jobs=[bulk_job.run, membership_sync.ask_about_people],
)
