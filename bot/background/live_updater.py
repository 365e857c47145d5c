"""Drawing live messages: one is claimed, drawn from the database, and posted or redrawn."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from bot.framework.rendered import RenderedMessage, Renderer
from bot.slack_api.backoff import LEASE, TRYING, pause_after
from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import MessageFixed, MessageGone, NotDeliverable, SlackError, Unavailable
from bot.slack_api.post_once import OutgoingMessage, PostedMessage, post
from bot.ui.blocks import Message
from keys.base import accounts
from keys.changes import live_messages
from keys.changes.live_messages import LiveMessage
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from storage import reading, writing

logger = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class LiveMessageUpdater:
    """Renders what is due for one account.

    Attributes:
        channel: where the bot posts changes.
        kinds: what renders each kind of live message (bot.framework.feature.live_renderers).
    """

    engine: Engine
    services: Services
    slack: SlackClient
    account_id: str
    channel: str
    kinds: Mapping[str, Renderer]

    def step(self) -> bool:
        """Render one message; False if none is due.

        Raises:
            StorageUnavailable: if the database cannot be reached; nothing is forgotten.
        """
        now = self.services.clock.now()
        with writing(self.engine, self.account_id) as session:
            live = live_messages.claim(session, now, LEASE)
        if live is None:
            return False
        with reading(self.engine, self.account_id) as session:
            drawing = self.kinds[live.kind](session, self.services, live)
        try:
            fingerprint = self._show(live, drawing)
        except MessageGone:
            # It was deleted in Slack; what is not over yet is worth a new one.
            with writing(self.engine, self.account_id) as session:
                live_messages.lost(session, live)
                if drawing.again is None:
                    live_messages.rendered(session, live, "", now, None)
        except SlackError as error:
            self._later(live, error)
        else:
            with writing(self.engine, self.account_id) as session:
                live_messages.rendered(session, live, fingerprint, now, drawing.again)
        return True

    def _show(self, live: LiveMessage, drawing: RenderedMessage) -> str:
        """Post or redraw the message if it changed; returns its fingerprint."""
        message, fingerprint = drawing.message, drawing.fingerprint
        if message is None or fingerprint == live.rendered_hash:
            return live.rendered_hash
        slack = self.slack.within(TRYING)
        old = None
        if live.channel_id is not None and live.message is not None:
            old = Posted(live.channel_id, live.message)
        if old is None or not self._redrawn(slack, live, old, message):
            standing = self._post(slack, live, message)
            if standing is None:
                return live.rendered_hash
            posted = standing.message
            with writing(self.engine, self.account_id) as session:
                live_messages.posted(session, live, posted.channel, posted.ts)
                if live.recipient == TEAM:
                    accounts.note_channel(session, posted.channel)
            if standing.found:
                # The bot that posted it may have died long ago, and much may have happened since.
                slack.update(posted, message["text"], message["blocks"])
        return fingerprint

    def _post(
        self, slack: SlackClient, live: LiveMessage, message: Message
    ) -> PostedMessage | None:
        """The message as it stands there; None if nobody is left to be told."""
        with writing(self.engine, self.account_id) as session:
            live_messages.posting(session, live, self.services.clock.now())
            known = accounts.channel(session)
        letter = OutgoingMessage(live.id, live.recipient, self.channel, known, live.posting_at)
        try:
            return post(slack, letter, message)
        except NotDeliverable as error:
            if live.recipient == TEAM:
                raise
            # This person cannot be reached, today or tomorrow: the team takes it instead.
            logger.warning("%s was not told of %s: %s", live.recipient, live.kind, error)
        with reading(self.engine, self.account_id) as session:
            if live_messages.is_told(session, live, TEAM):
                return None
        return post(slack, replace(letter, recipient=TEAM), message)

    def _redrawn(
        self, slack: SlackClient, live: LiveMessage, old: Posted, message: Message
    ) -> bool:
        """Redraw a message; False if another one has to be posted in its place.

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
        except MessageGone:
            # Marked: it was deleted here, and then Slack refused another one, or the bot died.
            if live.posting_at is None:
                raise
            return False
        return True

    def _later(self, live: LiveMessage, error: SlackError) -> None:
        logger.warning("%s about %s is not drawn yet: %s", live.kind, live.subject, error)
        with writing(self.engine, self.account_id) as session:
            live_messages.retry(
                session,
                live,
                self.services.clock.now() + pause_after(live.attempts),
                outcome_unknown=isinstance(error, Unavailable) and error.outcome_unknown,
            )
