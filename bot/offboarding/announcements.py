"""The announcement that every key of a leaver is handled."""

from __future__ import annotations

from bot.framework.announcement import AdminIds
from bot.offboarding import views
from bot.ui.blocks import Message, message, person_by_name, sentence
from keys.changes.outbox import OutboxEntry


def finished(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that every key of a leaver is handled."""
    who = person_by_name(str(entry.data["person"]))
    results = views.counts(entry.data["keys"])
    text = sentence("Every key of ", who, " is handled: ", results, ".")
    return message(text)


ANNOUNCEMENTS = {"offboarding.finished": finished}
