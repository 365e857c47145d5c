"""Register the background jobs that belong to no feature."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bot.framework.context import Context
from bot.framework.feature import Feature, TimedJob
from bot.slack_api.errors import SlackError
from bot.slack_api.post_once import remove_double
from keys.changes.change import Change
from keys.changes.services import Services
from keys.jobs import periodic, replay_guard, retention
from storage import AccountSession, writing

logger = logging.getLogger("bot")

_RETENTION, _EVERY = "retention", timedelta(days=1)
# Slack allows some apps one call of the history a minute.
_LOOK_EVERY = timedelta(minutes=1)


def _is_due(session: AccountSession, services: Services) -> bool:
    return periodic.is_due(session, "seen", replay_guard.KEPT, services.clock.now())


def _purge(change: Change) -> int:
    """Delete the records of requests that are too old to be replayed."""
    if periodic.claim(change.session, "seen", replay_guard.KEPT, change.now):
        replay_guard.purge(change.session, change.now)
    return 0


class Retention:
    """Deletes what is too old, once a day and a little in each round.

    A pass is for all accounts, so in a process with many the first one to be due makes it.
    """

    def __init__(self) -> None:
        self._progress: retention.Progress | None = None
        self._due_at: datetime | None = None

    def __call__(self, context: Context) -> int:
        """Delete a little more; 0, so that the rest waits for the next round."""
        services = context.services
        now = services.clock.now()
        if self._progress is None:
            if self._due_at is not None and now < self._due_at:
                return 0
            with context.reading() as session:
                if not periodic.is_due(session, _RETENTION, _EVERY, now):
                    return 0
            with context.writing() as session:
                if not periodic.claim(session, _RETENTION, _EVERY, now):
                    return 0
            self._progress, self._due_at = retention.Progress(), now + _EVERY
        with writing(services.engine) as session:
            progress = retention.purge(session, now, services.policy.kept_days, self._progress)
        self._progress = progress
        return 0


class Doubles:
    """Deletes messages that were posted twice, a look a minute in each workspace."""

    def __init__(self) -> None:
        self._looked: dict[str, datetime] = {}

    def __call__(self, context: Context) -> int:
        """Look a little further; 0, so that the rest waits for the next round."""
        now = context.clock.now()
        looked = self._looked.get(context.account_id)
        if looked is not None and now - looked < _LOOK_EVERY:
            return 0
        self._looked[context.account_id] = now
        try:
            remove_double(context.slack)
        except SlackError as error:
            logger.info("no look for messages that were posted twice: %s", error.code)
        return 0


FEATURE = Feature(
    name="housekeeping", timed=[TimedJob(_is_due, _purge)], jobs=[Retention(), Doubles()]
)
