"""Do an account's background work: timed jobs, announcements, live messages, and other jobs.

All work is found and claimed in the database, so it survives a crash, and several processes share
it. An announcement is posted at least once: if the process dies between posting it and recording
that, it is posted again. The features hand in the jobs, and the texts of announcements.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from html import unescape

from bot.background import announcement_views
from bot.background.channel_readers import warn_of_readers
from bot.background.live_updater import LiveMessageUpdater
from bot.background.lost_channel import LostChannel
from bot.background.reachable import require_reachable
from bot.background.team_poster import TeamPoster
from bot.framework.announcement import AdminIds
from bot.framework.context import Context
from bot.framework.feature import Feature, announcements, live_renderers
from bot.slack_api.backoff import LEASE, TRYING, pause_after
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import ChannelProblem, NotDeliverable, SlackError
from bot.slack_api.post_once import OutgoingMessage, post
from keys.base.actors import Actor
from keys.changes import outbox
from keys.changes.change import change
from keys.changes.outbox import TEAM, OutboxEntry
from keys.team_channel import channel
from runtime import tracing

logger = logging.getLogger("bot")

_TIMER = Actor.system("timer")


class Worker:
    """The background work of one account.

    Args:
        features: hand in jobs, renderers and announcements.
        admins: returns the ids of some admins, for announcements that mention them.

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
        self._team = TeamPoster(context.services, context.channel)
        self._lost_channel = LostChannel(
            context.services, context.slack, self._team, self._admins,
            self._in_a_line,
        )  # fmt: skip
        self._live = LiveMessageUpdater(
            context.engine, context.services, context.slack, context.account_id, self._team,
            live_renderers(features),
        )  # fmt: skip

    @property
    def account_id(self) -> str:
        """The account's id."""
        return self._context.account_id

    def find_channel(self) -> None:
        """Look up the team's channel, so that a wrong one is noticed before the first message."""
        try:
            slack = self._context.slack.within(TRYING)
            if (channel_id := self._team.find(slack)) is not None:
                warn_of_readers(self._context.services, slack, channel_id, self._admins)
        except SlackError as error:
            logger.warning("nothing is known of the team's channel yet: %s", error)

    def run_once(self, keep_going: Callable[[], bool] = lambda: True) -> int:
        """Do what is due now, the most urgent first.

        Args:
            keep_going: asked before each step; False leaves the rest for the next round.

        Returns:
            How many steps were tried; if there were any, there may be more.

        Raises:
            StorageUnavailable: if the database cannot be reached; nothing is lost.
        """
        context, done = self._context, self.run_due()
        if context.token.waits:
            # Slack accepts nothing; what waits is tried when a call succeeds again.
            return 0
        for urgent in (job for feature in self._features for job in feature.urgent):
            while keep_going() and (count := urgent(context)):
                done += count
        for step in (self._see_channel, self.announce_one, self._live.step):
            while keep_going() and step():
                done += 1
        for job in (job for feature in self._features for job in feature.jobs):
            done += bool(keep_going() and job(context))
        return done

    def run_due(self) -> int:
        """Run the timed jobs that are due; returns how many things they found."""
        services, found = self._context.services, 0
        jobs = [job for feature in self._features for job in feature.timed]
        with services.reading() as session:
            due = [job for job in jobs if job.is_due(session, services)]
        for job in due:
            with change(services, _TIMER) as made:
                found += job.run(made)
        return found

    def announce_one(self) -> bool:
        """Post one announcement; False if there is none."""
        now = self._context.clock.now()
        with self._context.writing() as session:
            waits = TEAM if channel.read(session).is_lost else ""
            due = outbox.claim(session, now, LEASE, but_for=waits)
            alike = (
                outbox.claim_alike(session, due, now, LEASE)
                if due is not None and due.recipient != TEAM
                else []
            )
        if due is not None:
            # An announcement is traced under the request that caused it.
            with tracing.within(tracing.Trace(due.trace_id) if due.trace_id else tracing.Trace()):
                self._announce(due, alike)
        return due is not None

    def _announce(self, entry: OutboxEntry, alike: Sequence[OutboxEntry]) -> None:
        outcome, slack = "said", self._context.slack.within(TRYING)
        try:
            try:
                self._send(slack, entry, entry.recipient, alike)
            except NotDeliverable as error:
                if entry.recipient == TEAM:
                    raise
                # This person can never be reached, so the team gets the message instead.
                logger.warning("%s was not told of %s: %s", entry.recipient, entry.kind, error)
                with self._context.reading() as session:
                    team_has_it = outbox.is_told(session, entry, TEAM)
                if not team_has_it:
                    self._send(slack, entry, TEAM, alike)
                outcome = "said to the team" if team_has_it else "said to the team instead"
        except SlackError as error:
            for each in (entry, *alike):
                self._retry(each, error)
        else:
            self._close(entry, outcome)
            for each in alike:
                self._close(each, f"{outcome}, with {entry.id}")

    def _send(
        self,
        slack: SlackClient,
        entry: OutboxEntry,
        recipient: str,
        alike: Sequence[OutboxEntry],
    ) -> None:
        message = announcement_views.render_all(self._announcements, (entry, *alike), self._admins)
        # An earlier attempt may have died right after Slack accepted the message.
        since = entry.at if entry.attempts else None
        if recipient != TEAM:
            require_reachable(slack, recipient)
            post(slack, OutgoingMessage(entry.id, recipient, "", None, since), message)
            return
        self._team.post(slack, entry.id, since, message)

    def _see_channel(self) -> bool:
        """See whether a lost channel is back; False if that is not due."""
        try:
            return self._lost_channel.step()
        except SlackError as error:
            logger.warning("nothing is known of the lost channel: %s", error)
            return False

    def _in_a_line(self, entry: OutboxEntry) -> str:
        """Return what an entry says first, in plain text."""
        message = announcement_views.render(self._announcements, entry, self._admins)
        return unescape(self._context.slack.spell_out(message["text"]).split("\n")[0])

    def _retry(self, entry: OutboxEntry, error: SlackError) -> None:
        # Until a person has mended the channel, its messages wait together.
        if not isinstance(error, ChannelProblem):
            logger.warning("%s is not announced yet: %s", entry.kind, error)
        pause = channel.TRY_EVERY if isinstance(error, ChannelProblem) else None
        with self._context.writing() as session:
            at = self._context.clock.now() + (pause or pause_after(entry.attempts))
            outbox.retry(session, entry.id, at)

    def _close(self, entry: OutboxEntry, outcome: str) -> None:
        with self._context.writing() as session:
            outbox.close(session, entry.id, self._context.clock.now(), outcome)
        logger.info("notice", extra={"fields": {"kind": entry.kind, "outcome": outcome}})
