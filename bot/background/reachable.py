"""Whether a direct message would be read: Slack takes one to a deactivated person too."""

from __future__ import annotations

from contextlib import suppress

from bot.slack_api.client import SlackClient
from bot.slack_api.errors import NotDeliverable, PersonUnknown, Undelivered
from keys.base.actors import Actor


def require_reachable(slack: SlackClient, recipient: str) -> None:
    """Return unless a person has left.

    Args:
        recipient: `person:U…`.

    Raises:
        NotDeliverable: if they have; Slack would accept the message all the same
            (slackapi/python-slack-sdk#1156).
        SlackError: if Slack does not say.
    """
    with suppress(PersonUnknown):
        if slack.user_info(Actor.read(recipient).id).get("deleted") is True:
            raise NotDeliverable(
                Undelivered.DEACTIVATED, method="chat.postMessage", code="user_disabled"
            )
