"""Operations on the team's channel: report it as lost or back, remind an admin, choose another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from keys.changes import live_messages, outbox
from keys.changes.authorization import admins, system
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.changes.outbox import TEAM
from keys.inputs.fields import Id, Reason
from keys.team_channel import channel
from keys.team_channel.events import (
    ChannelBack,
    ChannelChosen,
    ChannelLost,
    ChannelReminded,
    ChannelShared,
)
from storage.tables import TeamChannelRow

SUM_UP_ABOVE = 10
"""With more messages than this, what was missed is summed up in one."""


NAMED = 30
"""How many of them are named then."""
# A channel that is lost again so soon after a reminder is nothing new to the admins.
_SAME_LOSS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits in the outbox.

    Attributes:
        line: what it says, in one line.
    """

    id: str
    line: str


class ReportChannelLost(Operation[bool], name="report_channel_lost", allow=system):
    """Record that nothing can be posted in the team's channel.

    Attributes:
        channel: its name or id, as the setting has it.
        fault: why, in a word.
    """

    channel: Reason
    fault: Id

    def run(self, change: Change) -> bool:
        """Record it; False if it is known, and for the same reason."""
        row = channel.load_row(change.session)
        row.next_try_at = change.now + channel.TRY_EVERY
        known = row.lost_at is not None and row.fault == self.fault
        if not known:
            row.fault = self.fault
            if row.lost_at is None:
                row.lost_at = change.now
                if row.reminded_at is not None and change.now - row.reminded_at >= _SAME_LOSS:
                    row.reminded_at, row.reminders = None, 0
            change.record(ChannelLost(self.channel, self.fault))
        change.session.add(row)
        return not known


class RemindOfLostChannel(Operation[bool], name="remind_of_lost_channel", allow=system):
    """Tell one admin that the team's channel is lost, once a day while it is.

    Attributes:
        admin: their user id.
    """

    channel: Reason
    admin: Id

    def run(self, change: Change) -> bool:
        """Tell them; False if that is not due."""
        state = channel.read(change.session)
        if state.lost_at is None or not state.reminder_is_due(change.now):
            return False
        row = channel.load_row(change.session)
        row.reminded_at, row.reminders = change.now, row.reminders + 1
        change.session.add(row)
        waiting = outbox.count_waiting(change.session, TEAM)
        change.record(
            ChannelReminded(self.channel, state.fault, self.admin, state.lost_at, waiting)
        )
        return True


class WarnOfReaders(Operation[None], name="warn_of_readers", allow=system):
    """Tell an admin that the team's channel has readers of other organisations, or very many.

    Attributes:
        admin: their user id.
        external: whether people of other organisations are in it.
        members: how many people are in it.
    """

    channel: Id
    admin: Id
    external: bool
    members: int

    def run(self, change: Change) -> None:
        """Tell them."""
        change.record(
            ChannelShared(self.channel, self.admin, external=self.external, members=self.members)
        )


class ReportChannelBack(Operation[bool], name="report_channel_back", allow=system):
    """Record that messages arrive again, and say what was missed, each or summed up.

    Attributes:
        waiting: the messages that wait, oldest first.
    """

    waiting: tuple[Waiting, ...] = ()

    def run(self, change: Change) -> bool:
        """Record it; False if it is not lost."""
        row = channel.load_row(change.session)
        if row.lost_at is None:
            return False
        since = row.lost_at
        _found(row)
        change.session.add(row)
        count = len(self.waiting) if len(self.waiting) > SUM_UP_ABOVE else 0
        if count:
            ids = [one.id for one in self.waiting]
            outbox.close_all(change.session, ids, change.now, "summed up")
        lines = [one.line for one in self.waiting[:NAMED]] if count else []
        change.record(ChannelBack(since, lines, count))
        _make_due(change)
        return True


class ChooseChannel(Operation[bool], name="choose_channel", allow=admins):
    """Choose the channel in which the team is told what is done with its keys.

    Attributes:
        channel: its id.
        setting: the setting that it replaces, until that is changed.
    """

    channel: Id
    setting: Reason

    def run(self, change: Change) -> bool:
        """Choose it; False if it is the present one."""
        row = channel.load_row(change.session)
        if row.channel_id == self.channel and row.setting == self.setting and not row.lost_at:
            return False
        before = row.channel_id or self.setting
        row.channel_id, row.setting = self.channel, self.setting
        _found(row)
        change.session.add(row)
        change.record(ChannelChosen(self.channel, before))
        _make_due(change)
        return True


def _found(row: TeamChannelRow) -> None:
    row.fault, row.lost_at, row.next_try_at = "", None, None


def _make_due(change: Change) -> None:
    outbox.make_due(change.session, TEAM, change.now)
    live_messages.make_due(change.session, TEAM, change.now)
