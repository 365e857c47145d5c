"""Announcements about the team's channel."""

from __future__ import annotations

from datetime import datetime

from bot.framework.announcement import AdminIds
from bot.team_channel import views
from bot.ui.blocks import Message
from keys.changes.outbox import OutboxEntry


def reminded(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Tell an admin that the channel is lost."""
    data = entry.data
    return views.reminder(
        str(data["channel"]), str(data["fault"]), _since(entry), int(data["waiting"])
    )


def shared(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Tell an admin who else reads the channel."""
    data = entry.data
    return views.shared(str(data["channel"]), bool(data["external"]), int(data["members"]))


def back(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Tell the team what was missed while the channel was lost."""
    missed = [str(one) for one in entry.data.get("missed", ())]
    return views.back(_since(entry), int(entry.data["count"]), missed)


def chosen(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Tell the team, in its new channel, who chose it."""
    return views.chosen(entry.actor, str(entry.data["before"]))


def _since(entry: OutboxEntry) -> datetime:
    return datetime.fromisoformat(str(entry.data["since"]))


ANNOUNCEMENTS = {
    "channel.back": back,
    "channel.chosen": chosen,
    "channel.reminded": reminded,
    "channel.shared": shared,
}
