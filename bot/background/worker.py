"""What has to follow, sooner or later: what time brings about, announcements, live messages, jobs.

Everything here is found in the database, so it continues after a crash, and it is claimed there, so
that several bots can share it. An announcement is posted at least once: if the bot dies between
posting it and recording that, it is posted again. Which jobs there are, and the words of what is
posted, the features have handed in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from bot.background import announcement_views
from bot.background.live_updater import LiveMessageUpdater
from bot.framework.announcement import AdminIds
from bot.framework.context import Context
from bot.framework.feature import Feature, announcements, live_renderers
from bot.slack_api.backoff import LEASE, TRYING, pause_after
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import ChannelProblem, NotDeliverable, SlackError
from bot.slack_api.post_once import OutgoingMessage, post
from keys.base import accounts
from keys.base.actors import Actor
from keys.changes import outbox
from keys.changes.change import change
from keys.changes.outbox import OutboxEntry
from runtime import tracing

logger = logging.getLogger("bot")

_TIMER = Actor.system("timer")


class Worker:
    """Does what is due for one account.

    Args:
        features: whose jobs are done, and whose messages are rendered and announced.
        admins: gives the ids of some admins, where an announcement calls them.

    Raises:
        ValueError: if two features have the same kind of message.
    """

    def __init__(
        self, context: Context, features: Sequence[Feature], admins: AdminIds = tuple
    ) -> None:
        self._context = context
        self._features = tuple(features)
        self._admins = admins
        self._announcements = announcements(features)
        self._live = LiveMessageUpdater(
            context.engine, context.services, context.slack, context.account_id, context.channel,
            live_renderers(features),
        )  # fmt: skip

    @property
    def account_id(self) -> str:
        """The account whose work it is."""
        return self._context.account_id

    def run_once(self, going_on: Callable[[], bool] = lambda: True) -> int:
        """Do what is due now, in the order in which people should learn of it.

        Args:
            going_on: asked before each thing; False leaves the rest for another time.

        Returns:
            How many things were tried; if there were any, there may be more.

        Raises:
            StorageUnavailable: if the database cannot be reached; nothing is forgotten.
        """
        context, done = self._context, self.run_due()
        for urgent in (job for feature in self._features for job in feature.urgent):
            while going_on() and (count := urgent(context)):
                done += count
        for step in (self.say_a_notice, self._live.step):
            while going_on() and step():
                done += 1
        for job in (job for feature in self._features for job in feature.jobs):
            done += bool(going_on() and job(context))
        return done

    def run_due(self) -> int:
        """Find what time alone has brought about; returns how many things that were."""
        services, found = self._context.services, 0
        jobs = [job for feature in self._features for job in feature.timed]
        with services.reading() as session:
            due = [job for job in jobs if job.is_due(session, services)]
        for job in due:
            with change(services, _TIMER) as made:
                found += job.run(made)
        return found

    def say_a_notice(self) -> bool:
        """Announce one thing that was done to the team or to a person; False if there is none."""
        now = self._context.clock.now()
        with self._context.writing() as session:
            due = outbox.claim(session, now, LEASE)
        if due is not None:
            # What is announced of a change belongs to the request that made it.
            with tracing.within(tracing.Trace(due.trace_id) if due.trace_id else tracing.Trace()):
                self._say(due)
        return due is not None

    def _say(self, notice: OutboxEntry) -> None:
        outcome, slack = "said", self._context.slack.within(TRYING)
        try:
            try:
                self._send(slack, notice, notice.recipient)
            except NotDeliverable as error:
                if notice.recipient == outbox.TEAM:
                    raise
                # This person cannot be reached, today or tomorrow: the team takes it instead.
                logger.warning("%s was not told of %s: %s", notice.recipient, notice.kind, error)
                self._send(slack, notice, outbox.TEAM)
                outcome = "said to the team instead"
        except SlackError as error:
            self._say_later(notice, error)
        else:
            self._close(notice, outcome)

    def _send(self, slack: SlackClient, notice: OutboxEntry, recipient: str) -> None:
        message = announcement_views.notice(self._announcements, notice, self._admins)
        with self._context.reading() as session:
            known = accounts.channel(session)
        # Tried before, by a bot that may have died right after Slack had taken it.
        since = notice.at if notice.attempts else None
        letter = OutgoingMessage(notice.id, recipient, self._context.channel, known, since)
        posted = post(slack, letter, message).message
        if recipient == outbox.TEAM and posted.channel != known:
            with self._context.writing() as session:
                accounts.note_channel(session, posted.channel)

    def _say_later(self, notice: OutboxEntry, error: SlackError) -> None:
        # A person has to mend a missing channel; the notice waits until then.
        level = logging.ERROR if isinstance(error, ChannelProblem) else logging.WARNING
        logger.log(level, "%s is not announced yet: %s", notice.kind, error)
        pause = pause_after(notice.attempts)
        with self._context.writing() as session:
            outbox.retry(session, notice.id, self._context.clock.now() + pause)

    def _close(self, notice: OutboxEntry, outcome: str) -> None:
        with self._context.writing() as session:
            outbox.close(session, notice.id, self._context.clock.now(), outcome)
        logger.info("notice", extra={"fields": {"kind": notice.kind, "outcome": outcome}})
