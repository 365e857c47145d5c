"""Record who has left the workspace, from Slack's events and by asking Slack daily."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from bot.authorization.admins import DenialReason
from bot.framework.context import Context
from bot.framework.router import Router
from bot.framework.slack_event import SLACK, SlackEvent
from bot.slack_api.errors import PersonUnknown, SlackError
from keys.changes.authorization import system
from keys.changes.operation import execute
from keys.jobs import periodic
from keys.offboarding import departures
from keys.offboarding.departures import DepartureReason
from keys.operations import FollowPerson, RecordDeparture

logger = logging.getLogger("bot")

# How many users Slack is asked about at a time, and how often.
_ASKED_AT_ONCE = 20
_ASKING = timedelta(minutes=1)
_GONE = {
    DenialReason.DEACTIVATED: DepartureReason.DEACTIVATED,
    DenialReason.GUEST: DepartureReason.GUEST,
}


router = Router()


@router.event("user_change", allow=system)
def user_changed(report: SlackEvent) -> None:
    """Record whether the user has left; most events have nothing to do with keys."""
    user = report.event.get("user")
    if isinstance(user, dict) and user.get("id"):
        _record(report.context, user)


def ask_about_people(context: Context) -> bool:
    """Ask Slack about some users that were not checked today, in case an event was missed.

    Returns:
        False if there is no one to ask about, or Slack was asked less than a minute ago.
    """
    now = context.clock.now()
    with context.reading() as session:
        if not periodic.is_due(session, "people", _ASKING, now):
            return False
    with context.writing() as session:
        if not periodic.claim(session, "people", _ASKING, now):
            return False
        due = departures.claim_to_ask_about(session, now, _ASKED_AT_ONCE)
    for user_id in due:
        try:
            user = context.slack.user_info(user_id)
            if _is_renumbered(user_id, user):
                execute(
                    context.services,
                    SLACK,
                    FollowPerson(former_id=user_id, new_id=str(user["id"])),
                    wait=0,
                )
            _record(context, user)
        except PersonUnknown:
            logger.warning("Slack does not know %s, who owns, created or received a key", user_id)
        except SlackError as error:
            logger.warning("Slack did not answer about %s: %s", user_id, error.code)
            with context.writing() as session:
                departures.ask_again(session, user_id)
    return bool(due)


def _is_renumbered(user_id: str, user: dict[str, Any]) -> bool:
    """Return whether Slack knows the person by another id now, as after a migration."""
    now_known_as = str(user.get("id") or "")
    return now_known_as != user_id and now_known_as.startswith("W")


def _record(context: Context, user: dict[str, Any]) -> None:
    why, person = context.admins.membership_problem(user), str(user["id"])
    if why is not None and why not in _GONE:
        # Bots, users of other workspaces, and users about whom Slack says too little.
        return
    left = _GONE.get(why) if why is not None else None
    with context.reading() as session:
        if left is None and not departures.is_gone(session, person):
            return
    execute(context.services, SLACK, RecordDeparture(person=person, left=left), wait=0)
