"""Requests for a key, as a feature."""

from __future__ import annotations

from bot.access_requests import handlers, live
from bot.framework.feature import Feature, TimedJob
from keys.access_requests import requests

FEATURE = Feature(
    name="access_requests",
    routers=[handlers.router],
    live={"request": live.render},
    timed=[
        TimedJob(
            lambda session, services: requests.are_late(session, services.clock.now()),
            requests.run_due,
        )
    ],
)
