"""Warn an admin if more people read the team's channel than they may think."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.background.team_poster import SYSTEM
from bot.framework.announcement import AdminIds
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import MissingScope
from keys.changes.operation import execute
from keys.changes.services import Services
from keys.team_channel import channel
from keys.team_channel.operations import WarnOfReaders

MANY = 100
"""From how many members on a channel is one that everybody reads."""


def readers(described: Mapping[str, Any]) -> tuple[bool, int]:
    """Return whether a channel has people of other organisations, and how many people are in it.

    Args:
        described: as `conversations.info` describes it, with its number of members.
    """
    shared = described.get("is_ext_shared") or described.get("is_pending_ext_shared")
    return bool(shared), int(described.get("num_members") or 0)


def warn_of_readers(
    services: Services, slack: SlackClient, channel_id: str, admins: AdminIds
) -> None:
    """Tell the admin who acts most, if there is anything to tell.

    Raises:
        SlackError: if Slack does not say.
    """
    try:
        external, members = readers(slack.channel_info(channel_id))
    except MissingScope:
        # It is optional; `apikeys doctor` names it.
        return
    if not external and members < MANY:
        return
    with services.reading() as session:
        ordered = channel.most_active(session, admins(), services.clock.now())
    if ordered:
        warning = WarnOfReaders(
            channel=channel_id, admin=ordered[0], external=external, members=members
        )
        execute(services, SYSTEM, warning, wait=0)
