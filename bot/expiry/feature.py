"""Register the reminders of expiring keys, and what can be done with them."""

from __future__ import annotations

from datetime import timedelta

from bot.expiry import handlers, live
from bot.expiry.announcements import ANNOUNCEMENTS
from bot.framework.feature import Feature, TimedJob
from keys.changes.change import Change
from keys.changes.services import Services
from keys.jobs import periodic
from keys.lifecycle import expiry_reminders
from storage import AccountSession

# No reminder has to be exact to the second, and a check costs one query for each expiring key.
_REMINDING = timedelta(minutes=1)


def _is_due(session: AccountSession, services: Services) -> bool:
    return periodic.is_due(session, "expiry", _REMINDING, services.clock.now())


def _remind(change: Change) -> int:
    if not periodic.claim(change.session, "expiry", _REMINDING, change.now):
        return 0
    return expiry_reminders.run_due(change.session, change.now)


FEATURE = Feature(
    name="expiry",
    routers=[handlers.router],
    live={
        expiry_reminders.MESSAGE_KIND: live.render,
        expiry_reminders.SHARED_KIND: live.render_shared,
    },
    announcements=ANNOUNCEMENTS,
    timed=[TimedJob(_is_due, _remind)],
)
