"""Post in the team's channel by its id, and notice when nothing can be posted there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bot.slack_api.client import SlackClient
from bot.slack_api.errors import ChannelFault, ChannelProblem
from bot.slack_api.post_once import OutgoingMessage, PostedMessage, post
from bot.ui.blocks import Message
from keys.changes.authorization import Caller
from keys.changes.operation import execute
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from keys.team_channel import channel
from keys.team_channel.channel import TeamChannel
from keys.team_channel.operations import ReportChannelLost

logger = logging.getLogger("bot")

T = TypeVar("T")
SYSTEM = Caller.system("slack")


@dataclass(frozen=True, slots=True)
class TeamPoster:
    """Posts an account's messages to the team.

    Attributes:
        setting: APIKEYS_CHANNEL, a name or an id.
    """

    services: Services
    setting: str

    def known_id(self) -> str | None:
        """Return the channel's id, if a message was posted there before."""
        return self._state().known_id(self.setting)

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
        state = self._state()
        known = state.known_id(self.setting)
        result = self._in_channel(
            state,
            lambda where: post(slack, OutgoingMessage(marker, TEAM, where, known, since), message),
        )
        self._note(state, result.message.channel)
        return result

    def is_back(self, slack: SlackClient) -> bool:
        """Return whether a lost channel can be posted in again; records it if not.

        Raises:
            SlackError: if Slack does not say.
        """
        state, now = self._state(), self.services.clock.now()
        try:
            channel_id = self._in_channel(state, lambda where: slack.channel_id(where, now))
        except ChannelProblem:
            return False
        self._note(state, channel_id)
        logger.info("messages to the team go to %s (%s)", self.setting, channel_id)
        return True

    def find(self, slack: SlackClient) -> str | None:
        """Look the channel up, unless that was done for this setting; record it if it is lost.

        Returns:
            The channel's id if it was just found.

        Raises:
            SlackError: if Slack does not say.
        """
        state = self._state()
        if state.setting == self.setting and not state.is_lost:
            return None
        return self.known_id() if self.is_back(slack) else None

    def _in_channel(self, state: TeamChannel, work: Callable[[str], T]) -> T:
        """Do something in the channel, by its id or its name.

        Raises:
            ChannelProblem: if nothing can be posted there; that is recorded.
        """
        known = state.known_id(self.setting)
        try:
            try:
                return work(state.target(self.setting))
            except ChannelProblem as problem:
                # A version before posted there by this name; it was renamed since.
                renamed = problem.kind is ChannelFault.NOT_FOUND and not state.setting
                if known is None or not renamed:
                    raise
                return work(known)
        except ChannelProblem as problem:
            self.lost(problem)
            raise

    def _state(self) -> TeamChannel:
        with self.services.reading() as session:
            return channel.read(session)

    def _note(self, state: TeamChannel, channel_id: str) -> None:
        if (state.channel_id, state.setting) != (channel_id, self.setting):
            with self.services.writing() as session:
                channel.note_posted(session, self.setting, channel_id)

    def lost(self, problem: ChannelProblem) -> None:
        """Record that the channel is lost."""
        report = ReportChannelLost(channel=self.setting, fault=problem.kind)
        if execute(self.services, SYSTEM, report, wait=0).value:
            logger.error("nothing can be posted in %s: %s", self.setting, problem)
