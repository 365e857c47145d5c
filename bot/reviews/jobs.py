"""What time brings about: a review and a digest by their schedules, and the evidence at the end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from bot.framework.context import Context
from bot.reviews import evidence_files, summary_view
from bot.slack_api.backoff import LEASE, LONGEST_PAUSE
from bot.slack_api.errors import MissingScope, SlackError
from keys.base import accounts
from keys.base.errors import InvalidState
from keys.changes.authorization import Caller
from keys.changes.change import change
from keys.changes.operation import execute
from keys.jobs import cron, periodic
from keys.operations import (
    StartReview,
)
from keys.reviews import activity_digest, evidence_posting, queries
from keys.search import search

logger = logging.getLogger("bot")
_SCHEDULE = Caller.system("schedule")


def begin_when_due(context: Context) -> bool:
    """Start the review of the schedule's last moment, if that had none; False if it had."""
    rules = context.policy.audits
    scheduled_at = _due(context, rules.schedule)
    if scheduled_at is None:
        return False
    period = scheduled_at.astimezone(UTC).isoformat(timespec="minutes")
    with context.reading() as session:
        if not queries.is_due(session, period) or not queries.has_keys(session):
            return False
    try:
        execute(context.services, _SCHEDULE, StartReview(period=period), wait=0)
    except InvalidState:
        return False
    return True


def digest_when_due(context: Context) -> bool:
    """Post the digest of the schedule's last moment, if that had none; False if it had."""
    scheduled_at = _due(context, context.policy.audits.digest)
    if scheduled_at is None:
        return False
    with context.reading() as session:
        if not periodic.is_scheduled_run_due(session, "digest", scheduled_at):
            return False
    with change(context.services, _SCHEDULE.actor) as made:
        before = periodic.claim_scheduled_run(made.session, "digest", scheduled_at)
        if before is not None:
            activity_digest.post(made, before)
    return True


def _due(context: Context, schedule: str) -> datetime | None:
    """The schedule's last moment, unless the team's keys are younger."""
    if not schedule:
        return None
    scheduled_at = cron.last(schedule, context.policy.timezone, context.clock.now())
    with context.reading() as session:
        created_at = search.account_created_at(session)
    return scheduled_at if scheduled_at is not None and scheduled_at > created_at else None


def post_evidence(context: Context) -> bool:
    """Post the evidence of a review that has ended below its summary; False if there is none."""
    now = context.clock.now()
    with context.reading() as session:
        if not evidence_posting.is_waiting(session):
            return False
    with context.writing() as session:
        audit = evidence_posting.claim(session, now, LEASE)
        channel = accounts.channel(session)
    if audit is None:
        return False
    if channel is not None:
        try:
            context.slack.upload(
                channel, evidence_files.files(context, audit), summary_view.files_follow()
            )
        except MissingScope:
            logger.info("the evidence is not posted: files:write was not granted")
        except SlackError as error:
            logger.warning("the evidence is not posted yet: %s", error)
            with context.writing() as session:
                at = context.clock.now() + LONGEST_PAUSE
                evidence_posting.postpone(session, audit.id, at)
            return True
    with context.writing() as session:
        evidence_posting.mark_posted(session, audit.id, context.clock.now())
    return True


# One of each is done in a round of the worker.
JOBS = (begin_when_due, post_evidence, digest_when_due)
