"""A worker for tests: it renders and announces all that features have, and does the given jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.authorization.admins import Admins, SlackAdmins, Workspace
from bot.background.worker import Worker
from bot.features import FEATURES
from bot.framework.announcement import AdminIds
from bot.framework.context import Context
from bot.framework.feature import Feature, Job
from bot.slack_api.client import SlackClient
from keys.changes.services import Services


def without_jobs(features: Sequence[Feature] = FEATURES) -> tuple[Feature, ...]:
    """The features without what takes long at the end of a round, such as asking about people."""
    return tuple(replace(feature, jobs=()) for feature in features)


def worker(
    services: Services,
    slack: SlackClient,
    channel: str = "C1",
    *,
    jobs: Sequence[Job] = (),
    admins: AdminIds = tuple,
) -> Worker:
    """A worker of one account whose only jobs at the end of a round are these."""
    context = Context(
        services=services,
        slack=slack,
        admins=Admins(slack, SlackAdmins(), Workspace("T0ACME"), services.clock),
        channel=channel,
        token_minutes=15,
        api_url="http://127.0.0.1:8321",
    )
    return worker_of(context, jobs=jobs, admins=admins)


def worker_of(context: Context, *, jobs: Sequence[Job] = (), admins: AdminIds = tuple) -> Worker:
    """The same with the services of a bot."""
    return Worker(context, [*without_jobs(), Feature(name="tests", jobs=jobs)], admins)
