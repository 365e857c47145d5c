"""Where an account's messages to the team go, and whether they arrive there.

A channel keeps its id when it is renamed, archived or made private, and its name does not follow.
So a name in APIKEYS_CHANNEL is looked up once, and the id is used from then on, until the setting
is another one or an admin chooses another channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from storage import AccountSession
from storage.tables import Event, TeamChannelRow

# How often to see whether the channel is back; until then no message to the team is tried.
TRY_EVERY = timedelta(minutes=1)
REMIND_EVERY = timedelta(days=1)
# In which time the admin who acts most is looked for.
_RECENT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class TeamChannel:
    """The state of an account's channel.

    Attributes:
        channel_id: its id; None before the first message.
        setting: the setting for which the id was found; empty if an earlier version has found it.
        fault: why nothing can be posted, as in bot.slack_api.errors.ChannelFault; empty while
            it can.
        lost_at: since when.
        next_try_at: when to try again.
        reminded_at: when an admin was told of it last.
        reminders: how many were told since then.
    """

    channel_id: str | None = None
    setting: str = ""
    fault: str = ""
    lost_at: datetime | None = None
    next_try_at: datetime | None = None
    reminded_at: datetime | None = None
    reminders: int = 0

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be posted there."""
        return self.lost_at is not None

    def try_is_due(self, now: datetime) -> bool:
        """Return whether to see now if it is back."""
        return self.is_lost and (self.next_try_at is None or now >= self.next_try_at)

    def reminder_is_due(self, now: datetime) -> bool:
        """Return whether an admin has to be told."""
        return self.is_lost and (self.reminded_at is None or now - self.reminded_at >= REMIND_EVERY)

    def target(self, setting: str) -> str:
        """Return where to post: the id if it is known for this setting, or else the setting."""
        return (self.channel_id if self.setting == setting else None) or setting

    def known_id(self, setting: str) -> str | None:
        """Return the id of the channel to which this setting's messages went, if there were any."""
        return self.channel_id if self.setting in ("", setting) else None


def read(session: AccountSession) -> TeamChannel:
    """Return the state of the account's channel."""
    row = session.get(TeamChannelRow, session.account_id)
    if row is None:
        return TeamChannel()
    return TeamChannel(
        row.channel_id,
        row.setting,
        row.fault,
        row.lost_at,
        row.next_try_at,
        row.reminded_at,
        row.reminders,
    )


def load_row(session: AccountSession) -> TeamChannelRow:
    """Return the account's row, for changing it."""
    row = session.get(TeamChannelRow, session.account_id)
    if row is None:
        row = TeamChannelRow(account_id=session.account_id)
        session.add(row)
    return row


def note_posted(session: AccountSession, setting: str, channel_id: str) -> None:
    """Record the channel that a setting means, after a message arrived there."""
    row = load_row(session)
    row.channel_id, row.setting = channel_id, setting
    session.add(row)


def postpone(session: AccountSession, at: datetime) -> None:
    """Record when to see again whether a lost channel is back."""
    row = load_row(session)
    row.next_try_at = at
    session.add(row)


def most_active(session: AccountSession, people: Sequence[str], now: datetime) -> list[str]:
    """Return these people, those who did most with keys lately first.

    Args:
        people: their ids.
    """
    actors = {f"person:{user_id}": user_id for user_id in people}
    done = func.count()
    counted = session.exec(
        select(Event.actor, done)
        .where(
            Event.account_id == session.account_id,
            col(Event.actor).in_(actors),
            col(Event.at) > now - _RECENT,
        )
        .group_by(col(Event.actor))
        .order_by(done.desc(), col(Event.actor))
    ).all()
    active = [actors[actor] for actor, _ in counted]
    return [*active, *(user_id for user_id in people if user_id not in active)]
