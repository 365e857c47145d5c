"""Update live messages: claim one, render it from the database, and post or edit it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from bot.background.reachable import require_reachable
from bot.background.team_poster import TeamPoster
from bot.framework.rendered import RenderedMessage, Renderer
from bot.slack_api.backoff import LEASE, TRYING, pause_after
from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import (
    ChannelProblem,
    MessageFixed,
    MessageGone,
    NotDeliverable,
    SlackError,
    Unavailable,
)
from bot.slack_api.post_once import OutgoingMessage, PostedMessage, post
from bot.ui.blocks import Message
from keys.changes import live_messages
from keys.changes.live_messages import LiveMessage
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from keys.team_channel import channel
from storage import reading, writing

logger = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class LiveMessageUpdater:
    """Update the live messages of one account.

    Attributes:
        team: posts in the team's channel.
        kinds: the renderer of each kind (bot.framework.feature.live_renderers).
    """

    engine: Engine
    services: Services
    slack: SlackClient
    account_id: str
    team: TeamPoster
    kinds: Mapping[str, Renderer]

    def step(self) -> bool:
        """Update one message; False if none is due.

        Raises:
            StorageUnavailable: if the database cannot be reached; nothing is lost.
        """
        now = self.services.clock.now()
        with writing(self.engine, self.account_id) as session:
            waits = TEAM if channel.read(session).is_lost else ""
            live = live_messages.claim(session, now, LEASE, but_for=waits)
        if live is None:
            return False
        with reading(self.engine, self.account_id) as session:
            rendered = self.kinds[live.kind](session, self.services, live)
        try:
            fingerprint = self._show(live, rendered)
        except MessageGone:
            # It was deleted in Slack; unless its subject is finished, a new one is posted.
            with writing(self.engine, self.account_id) as session:
                live_messages.lost(session, live)
                if rendered.again is None:
                    live_messages.rendered(session, live, "", now, None)
        except SlackError as error:
            self._retry(live, error)
        else:
            with writing(self.engine, self.account_id) as session:
                live_messages.rendered(session, live, fingerprint, now, rendered.again)
        return True

    def _show(self, live: LiveMessage, rendered: RenderedMessage) -> str:
        """Post or edit the message if it changed; returns its fingerprint."""
        message, fingerprint = rendered.message, rendered.fingerprint
        if message is None or fingerprint == live.rendered_hash:
            return live.rendered_hash
        slack = self.slack.within(TRYING)
        old = None
        if live.channel_id is not None and live.message is not None:
            old = Posted(live.channel_id, live.message)
        if old is None or not self._edit(slack, live, old, message):
            result = self._post(slack, live, message)
            if result is None:
                return live.rendered_hash
            posted = result.message
            with writing(self.engine, self.account_id) as session:
                live_messages.posted(session, live, posted.channel, posted.ts)
            if result.found:
                # A process that died long ago may have posted it, so it may be out of date.
                slack.update(posted, message["text"], message["blocks"])
        return fingerprint

    def _post(
        self, slack: SlackClient, live: LiveMessage, message: Message
    ) -> PostedMessage | None:
        """Post the message; None if the recipient cannot be reached and the team already has it."""
        with writing(self.engine, self.account_id) as session:
            live_messages.posting(session, live, self.services.clock.now())
        if live.recipient != TEAM:
            outgoing = OutgoingMessage(live.id, live.recipient, "", None, live.posting_at)
            try:
                require_reachable(slack, live.recipient)
                return post(slack, outgoing, message)
            except NotDeliverable as error:
                # This person can never be reached, so the team gets the message instead.
                logger.warning("%s was not told of %s: %s", live.recipient, live.kind, error)
            with reading(self.engine, self.account_id) as session:
                if live_messages.is_told(session, live, TEAM):
                    return None
        return self.team.post(slack, live.id, live.posting_at, message)

    def _edit(self, slack: SlackClient, live: LiveMessage, old: Posted, message: Message) -> bool:
        """Edit a message; False if a new one has to be posted in its place.

        Raises:
            MessageGone: if it was deleted in Slack.
        """
        try:
            slack.update(old, message["text"], message["blocks"])
        except MessageFixed:
            with writing(self.engine, self.account_id) as session:
                live_messages.posting(session, live, self.services.clock.now())
            try:
                slack.delete(old)
            except SlackError as error:
                logger.warning("an old message that cannot be edited stays: %s", error)
            return False
        except ChannelProblem as problem:
            if live.recipient != TEAM:
                raise
            if old.channel == self.team.known_id():
                self.team.lost(problem)
                raise
            # The team has another channel now, and nothing can be changed in this one.
            return False
        except MessageGone:
            # This bot deleted it, and then Slack refused the new one, or the process died.
            if live.posting_at is None:
                raise
            return False
        return True

    def _retry(self, live: LiveMessage, error: SlackError) -> None:
        logger.warning("%s about %s is not updated yet: %s", live.kind, live.subject, error)
        with writing(self.engine, self.account_id) as session:
            live_messages.retry(
                session,
                live,
                self.services.clock.now() + pause_after(live.attempts),
                outcome_unknown=isinstance(error, Unavailable) and error.outcome_unknown,
            )
