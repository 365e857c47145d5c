"""Register the reviews of keys, and the digest."""

from __future__ import annotations

from bot.framework.feature import Feature, TimedJob
from bot.reviews import bulk, handlers, jobs, live
from bot.reviews.announcements import ANNOUNCEMENTS
from keys.reviews import progress

FEATURE = Feature(
    name="reviews",
    routers=[handlers.router, bulk.router],
    live={"audit": live.render, "audit_question": live.render_question},
    announcements=ANNOUNCEMENTS,
    timed=[
        TimedJob(
            lambda session, services: progress.has_due_work(session, services.clock.now()),
            lambda change: progress.run_due(change, change.services.policy.audits),
        )
    ],
    jobs=jobs.JOBS,
)
