"""What has to follow, sooner or later: notices, live messages, tokens to remove, lost deliveries.

Everything here is found in the database, so it goes on after a crash, and it is claimed there, so
that several bots can share it. A notice is said at least once: if the bot dies between saying it
and noting that, it is said again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Engine

from bot.background import announcement_views
from bot.background.live_updater import LiveMessageUpdater
from bot.slack_api.backoff import LEASE, TRYING, pause_after
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import ChannelProblem, NotDeliverable, SlackError
from bot.slack_api.post_once import OutgoingMessage, post
from bot.token_delivery import jobs
from keys.access_requests import requests
from keys.base import accounts
from keys.base.actors import Actor
from keys.base.policy import AuditRules
from keys.changes import outbox
from keys.changes.change import change
from keys.changes.outbox import OutboxEntry
from keys.changes.services import Services
from keys.jobs import periodic, replay_guard
from keys.lifecycle import expiry_reminders
from keys.offboarding import progress as offboarding
from keys.reviews import progress
from keys.rotation import grace, queries
from runtime import tracing
from storage import reading, writing

logger = logging.getLogger("bot")

# Nobody needs to be reminded to the second, and looking costs one query for each key in question.
_REMINDING = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Worker:
    """Does what is due for one account.

    Attributes:
        channel: where the team is told.
        more: further things to do, one of each in a round; they say whether there was something.
        audits: how the team goes through its keys.
        admins: gives the ids of some who look after keys, where they have to be called.
    """

    engine: Engine
    service: Services
    slack: SlackClient
    account_id: str
    channel: str
    more: list[Callable[[], bool]] = field(default_factory=list)
    audits: AuditRules = field(default_factory=AuditRules)
    admins: Callable[[], Sequence[str]] = field(default=tuple)

    @property
    def _live(self) -> LiveMessageUpdater:
        return LiveMessageUpdater(
            self.engine, self.service, self.slack, self.account_id, self.channel
        )

    def run_once(self, going_on: Callable[[], bool] = lambda: True) -> int:
        """Does what is due now, in the order in which people should learn of it.

        Args:
            going_on: asked before each thing; False leaves the rest for another time.

        Returns:
            How many things were tried; if there were any, there may be more.

        Raises:
            StorageUnavailable: if the database cannot be reached; nothing is forgotten.
        """
        done = jobs.cancel_expired(self.service) + self.run_due()
        for step in (self.remove_a_token, self.say_a_notice, self._live.step):
            while going_on() and step():
                done += 1
        # One of each: what takes long must not hold up the tokens that have to be removed.
        return done + sum(1 for step in self.more if going_on() and step())

    def run_due(self) -> int:
        """Finds what time alone has brought about."""
        now, account, found = self.service.clock.now(), self.account_id, 0
        with reading(self.engine, account) as session:
            reminding = periodic.is_due(session, "expiry", _REMINDING, now)
            forgetting = periodic.is_due(session, "seen", replay_guard.KEPT, now)
            rotating = queries.are_running(session)
            closing = requests.are_late(session, now)
            leaving = offboarding.has_due_work(session, now)
            auditing = progress.has_due_work(session, now)
        if reminding:
            with writing(self.engine, account) as session:
                if periodic.claim(session, "expiry", _REMINDING, now):
                    found += expiry_reminders.run_due(session, now)
        if forgetting:
            with writing(self.engine, account) as session:
                if periodic.claim(session, "seen", replay_guard.KEPT, now):
                    replay_guard.purge(session, now)
        if rotating:
            with change(self.service, Actor.system("timer")) as made:
                found += grace.run_due(made)
        if closing:
            with change(self.service, Actor.system("timer")) as made:
                found += requests.run_due(made)
        if leaving:
            with change(self.service, Actor.system("timer")) as made:
                found += offboarding.run_due(made)
        if auditing:
            with change(self.service, Actor.system("timer")) as made:
                found += progress.run_due(made, self.audits)
        return found

    def remove_a_token(self) -> bool:
        """Remove a token from a message in which its time is up; False if there is none."""
        return jobs.remove_a_token(self.service, self.slack)

    def say_a_notice(self) -> bool:
        """Tells the team, or somebody of it, of one thing that was done; False if there is none."""
        now = self.service.clock.now()
        with writing(self.engine, self.account_id) as session:
            due = outbox.claim(session, now, LEASE)
        if due is not None:
            # What is said of a change belongs to the request that made it.
            with tracing.within(tracing.Trace(due.trace_id) if due.trace_id else tracing.Trace()):
                self._say(due)
        return due is not None

    def _say(self, notice: OutboxEntry) -> None:
        outcome, slack = "said", self.slack.within(TRYING)
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
        admins = self.admins() if notice.kind == "audit.escalated" else ()
        message = announcement_views.notice(notice, admins)
        with reading(self.engine, self.account_id) as session:
            known = accounts.channel(session)
        # Tried before, by a bot that may have died right after Slack had taken it.
        since = notice.at if notice.attempts else None
        letter = OutgoingMessage(notice.id, recipient, self.channel, known, since)
        posted = post(slack, letter, message).message
        if recipient == outbox.TEAM and posted.channel != known:
            with writing(self.engine, self.account_id) as session:
                accounts.note_channel(session, posted.channel)

    def _say_later(self, notice: OutboxEntry, error: SlackError) -> None:
        # A channel that is not there is somebody's to mend; the notice waits until it is.
        level = logging.ERROR if isinstance(error, ChannelProblem) else logging.WARNING
        logger.log(level, "%s is not announced yet: %s", notice.kind, error)
        pause = pause_after(notice.attempts)
        with writing(self.engine, self.account_id) as session:
            outbox.retry(session, notice.id, self.service.clock.now() + pause)

    def _close(self, notice: OutboxEntry, outcome: str) -> None:
        with writing(self.engine, self.account_id) as session:
            outbox.close(session, notice.id, self.service.clock.now(), outcome)
        logger.info("notice", extra={"fields": {"kind": notice.kind, "outcome": outcome}})
