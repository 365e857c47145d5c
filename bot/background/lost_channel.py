"""While the team's channel is lost: see whether it is back, and tell an admin once a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.background.team_poster import SYSTEM, TeamPoster
from bot.framework.announcement import AdminIds
from bot.slack_api.backoff import TRYING
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import SlackError
from keys.changes import outbox
from keys.changes.operation import execute
from keys.changes.outbox import TEAM, OutboxEntry
from keys.changes.services import Services
from keys.team_channel import channel
from keys.team_channel.operations import RemindOfLostChannel, ReportChannelBack, Waiting


@dataclass(frozen=True, slots=True)
class LostChannel:
    """Looks after an account's channel while it is lost.

    Attributes:
        admins: returns the ids of the admins.
        in_a_line: renders an entry of the outbox in one line.
    """

    services: Services
    slack: SlackClient
    team: TeamPoster
    admins: AdminIds
    in_a_line: Callable[[OutboxEntry], str]

    def step(self) -> bool:
        """See whether the channel is back, once a minute; False if that is not due.

        Raises:
            SlackError: if Slack does not say.
        """
        now = self.services.clock.now()
        with self.services.reading() as session:
            if not channel.read(session).try_is_due(now):
                return False
        try:
            is_back = self.team.is_back(self.slack.within(TRYING))
        except SlackError:
            with self.services.writing() as session:
                channel.postpone(session, now + channel.TRY_EVERY)
            raise
        if is_back:
            self._say_what_waits()
        else:
            self._remind()
        return True

    def _say_what_waits(self) -> None:
        with self.services.reading() as session:
            entries = outbox.waiting(session, TEAM)
        waiting = tuple(Waiting(entry.id, self.in_a_line(entry)) for entry in entries)
        execute(self.services, SYSTEM, ReportChannelBack(waiting=waiting), wait=0)

    def _remind(self) -> None:
        """Tell the admin who acts most; on the next day another one."""
        now = self.services.clock.now()
        with self.services.reading() as session:
            state = channel.read(session)
        if not state.reminder_is_due(now) or not (admins := self.admins()):
            return
        with self.services.reading() as session:
            ordered = channel.most_active(session, admins, now)
        admin = ordered[state.reminders % len(ordered)]
        reminder = RemindOfLostChannel(channel=self.team.setting, admin=admin)
        execute(self.services, SYSTEM, reminder, wait=0)
