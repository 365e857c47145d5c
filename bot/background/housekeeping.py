"""Register the background jobs that belong to no feature."""

from __future__ import annotations

from bot.framework.feature import Feature, TimedJob
from keys.changes.change import Change
from keys.changes.services import Services
from keys.jobs import periodic, replay_guard
from storage import AccountSession


def _is_due(session: AccountSession, services: Services) -> bool:
    return periodic.is_due(session, "seen", replay_guard.KEPT, services.clock.now())


def _purge(change: Change) -> int:
    """Delete the records of requests that are too old to be replayed."""
    if periodic.claim(change.session, "seen", replay_guard.KEPT, change.now):
        replay_guard.purge(change.session, change.now)
    return 0


FEATURE = Feature(name="housekeeping", timed=[TimedJob(_is_due, _purge)])
