"""Scheduled messages: chat.scheduleMessage and its sibling methods.

They are kept in this process only. As in Slack, one with metadata is accepted and never posted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.base.errors import SlackError
from sandbox.base.ids import new_id
from sandbox.state.models import Json

DAYS_AHEAD = 120
"""https://docs.slack.dev/reference/methods/chat.scheduleMessage, "Restrictions"."""
_DAY = 24 * 60 * 60.0

RunAt = Callable[[float, Callable[[], None]], None]
"""Runs work at a time of the workspace's clock, in seconds since 1970."""


@dataclass(frozen=True)
class ScheduledMessage:
    """One scheduled message."""

    id: str
    channel: str
    post_at: int
    created: int
    payload: Json
    thread_ts: str | None = None

    def to_json(self) -> Json:
        """Return it as chat.scheduledMessages.list shows it."""
        return {
            "id": self.id,
            "channel_id": self.channel,
            "post_at": self.post_at,
            "date_created": self.created,
            "text": str(self.payload.get("text") or ""),
        }


@dataclass
class ScheduledMessages:
    """The scheduled messages, by id; without `run_at` none is ever posted."""

    run_at: RunAt | None = None
    messages: dict[str, ScheduledMessage] = field(default_factory=dict)

    def add(
        self,
        channel: str,
        post_at: int,
        now: float,
        payload: Json,
        thread_ts: str | None,
        post: Callable[[ScheduledMessage], None],
    ) -> ScheduledMessage:
        """Schedule a message: `post` is called when it is due, unless it was cancelled.

        Raises:
            SlackError: ``time_in_past``, ``time_too_far``.
        """
        if post_at <= now:
            raise SlackError("time_in_past")
        if post_at > now + DAYS_AHEAD * _DAY:
            raise SlackError("time_too_far")
        scheduled = ScheduledMessage(new_id("Q"), channel, post_at, int(now), payload, thread_ts)
        self.messages[scheduled.id] = scheduled

        def due() -> None:
            if self.messages.pop(scheduled.id, None) is not None and not payload.get("metadata"):
                post(scheduled)

        if self.run_at is not None:
            self.run_at(float(post_at), due)
        return scheduled

    def cancel(self, id_: str, channel: str) -> None:
        """Cancel a message. Raises SlackError ``invalid_scheduled_message_id``."""
        found = self.messages.get(id_)
        if found is None or found.channel != channel:
            raise SlackError("invalid_scheduled_message_id")
        del self.messages[id_]
