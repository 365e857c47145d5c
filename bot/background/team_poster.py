"""Post in the team's channel by its id, and notice when nothing can be posted there."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from bot.slack_api.client import SlackClient
from bot.slack_api.errors import ChannelFault, ChannelProblem
from bot.slack_api.post_once import OutgoingMessage, PostedMessage, post
from bot.ui.blocks import Message
from keys.changes.authorization import Caller
from keys.changes.operation import execute
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from keys.team_channel import channel
from keys.team_channel.operations import ReportChannelLost

logger = logging.getLogger("bot")

SYSTEM = Caller.system("slack")


@dataclass(frozen=True, slots=True)
class TeamPoster:
    """Posts an account's messages to the team.

    Attributes:
        setting: APIKEYS_CHANNEL, a name or an id.
    """

    services: Services
    setting: str

    def is_lost(self) -> bool:
        """Return whether nothing can be posted in the channel, so that messages have to wait."""
        with self.services.reading() as session:
            return channel.read(session).is_lost

    def known_id(self) -> str | None:
        """Return the channel's id, if a message was posted there before."""
        with self.services.reading() as session:
            return channel.read(session).known_id(self.setting)

    def post(
        self, slack: SlackClient, marker: str, since: datetime | None, message: Message
    ) -> PostedMessage:
        """Post a message in the channel, once.

        Args:
            marker, since: as in OutgoingMessage.

        Raises:
            ChannelProblem: if nothing can be posted there; that is recorded.
            SlackError: if Slack did not accept it.
        """
        with self.services.reading() as session:
            state = channel.read(session)
        target = state.target(self.setting)
        known = state.known_id(self.setting)

        def at(where: str) -> PostedMessage:
            return post(slack, OutgoingMessage(marker, TEAM, where, known, since), message)

        try:
            try:
                result = at(target)
            except ChannelProblem as problem:
                # A version before posted there by this name; it was renamed since.
                renamed = problem.kind is ChannelFault.NOT_FOUND and not state.setting
                if known is None or not renamed:
                    raise
                result = at(known)
        except ChannelProblem as problem:
            self.lost(problem)
            raise
        channel_id = result.message.channel
        if (state.channel_id, state.setting) != (channel_id, self.setting):
            with self.services.writing() as session:
                channel.note_posted(session, self.setting, channel_id)
        return result

    def is_back(self, slack: SlackClient) -> bool:
        """Return whether a lost channel can be posted in again; records it if not.

        Raises:
            SlackError: if Slack does not say.
        """
        with self.services.reading() as session:
            state = channel.read(session)
        for where in dict.fromkeys((state.target(self.setting), state.known_id(self.setting))):
            if where is not None:
                try:
                    self._find(slack, where)
                except ChannelProblem as problem:
                    self.lost(problem)
                else:
                    return True
        return False

    def find(self, slack: SlackClient) -> str | None:
        """Look the channel up, unless that was done for this setting; record it if it is lost.

        Returns:
            The channel's id if it was just found.

        Raises:
            SlackError: if Slack does not say.
        """
        with self.services.reading() as session:
            state = channel.read(session)
        if state.setting == self.setting and not state.is_lost:
            return None
        return self.known_id() if self.is_back(slack) else None

    def _find(self, slack: SlackClient, where: str) -> None:
        channel_id = slack.channel_id(where, self.services.clock.now())
        with self.services.writing() as session:
            channel.note_posted(session, self.setting, channel_id)
        logger.info("messages to the team go to %s (%s)", self.setting, channel_id)

    def lost(self, problem: ChannelProblem) -> None:
        """Record that the channel is lost."""
        report = ReportChannelLost(channel=self.setting, fault=problem.kind)
        if execute(self.services, SYSTEM, report, wait=0).value:
            logger.error("nothing can be posted in %s: %s", self.setting, problem)
