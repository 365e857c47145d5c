"""Messages to be posted later: chat.scheduleMessage and what belongs to it.

They are kept in this process only. One with metadata is taken and never posted, as Slack does it.
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
"""Does something at a moment of the workspace's clock, in seconds since 1970."""


@dataclass(frozen=True)
class ScheduledMessage:
    """One message that waits."""

    id: str
    channel: str
    post_at: int
    created: int
    payload: Json
    thread_ts: str | None = None

    def to_json(self) -> Json:
        """As chat.scheduledMessages.list shows it."""
        return {
            "id": self.id,
            "channel_id": self.channel,
            "post_at": self.post_at,
            "date_created": self.created,
            "text": str(self.payload.get("text") or ""),
        }


@dataclass
class ScheduledMessages:
    """All that wait, by id; `at` is set where there is a clock to wait for."""

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
        """Has `post` called when the time has come, unless it is taken back before.

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
        """Forgets one. Raises SlackError ``invalid_scheduled_message_id``."""
        found = self.messages.get(id_)
        if found is None or found.channel != channel:
            raise SlackError("invalid_scheduled_message_id")
        del self.messages[id_]
