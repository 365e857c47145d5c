"""Start scheduled reviews, post the digest, and post the evidence of finished reviews."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from bot.framework.context import Context
from bot.reviews import evidence_files, summary_view
from bot.slack_api.backoff import LEASE, LONGEST_PAUSE
from bot.slack_api.errors import MissingScope, SlackError
from keys.base.actors import Actor
from keys.base.errors import EvidenceMismatch, InvalidState
from keys.changes.authorization import Caller
from keys.changes.change import change
from keys.changes.operation import execute
from keys.jobs import cron, periodic
from keys.operations import StartReview
from keys.reviews import activity_digest, queries
from keys.reviews.evidence import posting
from keys.search import search
from keys.team_channel import channel

logger = logging.getLogger("bot")
_SCHEDULE = Caller.system("schedule")
_AUDIT = Actor.system("audit")


def start_scheduled_review(context: Context) -> bool:
    """Start the review that the schedule calls for; False if none is due."""
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


def post_scheduled_digest(context: Context) -> bool:
    """Post the digest that the schedule calls for; False if none is due."""
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
    """Return the schedule's last time, unless the account was created after it."""
    if not schedule:
        return None
    scheduled_at = cron.last(schedule, context.policy.timezone, context.clock.now())
    with context.reading() as session:
        created_at = search.account_created_at(session)
    return scheduled_at if scheduled_at is not None and scheduled_at > created_at else None


def post_evidence(context: Context) -> bool:
    """Post the evidence of a finished review in the team's channel; False if there is none."""
    now = context.clock.now()
    with context.reading() as session:
        if not posting.is_waiting(session):
            return False
    with context.writing() as session:
        audit = posting.claim(session, now, LEASE)
        found = channel.read(session)
        channel_id = None if found.is_lost else found.channel_id
    if audit is None:
        return False
    if channel_id is not None:
        try:
            context.slack.upload(
                channel_id, evidence_files.files(context, audit), summary_view.files_follow()
            )
        except MissingScope:
            logger.info("the evidence is not posted: files:write was not granted")
        except EvidenceMismatch as error:
            logger.warning("%s", error)
            with change(context.services, _AUDIT) as made:
                posting.refuse(made, error)
            return True
        except SlackError as error:
            logger.warning("the evidence is not posted yet: %s", error)
            with context.writing() as session:
                at = context.clock.now() + LONGEST_PAUSE
                posting.postpone(session, audit.id, at)
            return True
    with context.writing() as session:
        posting.mark_posted(session, audit.id, context.clock.now())
    return True


# Each does at most one thing in a round of the worker.
JOBS = (start_scheduled_review, post_evidence, post_scheduled_digest)
