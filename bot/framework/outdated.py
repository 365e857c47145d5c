"""Answer what another version of the app has drawn: say so, and have its message redrawn.

A message that is kept up to date is redrawn from what is stored now. An answer that only its reader
sees is replaced. Any other message stays as it is, since it may hold a token.
"""

from __future__ import annotations

import logging
from typing import Any

from bot.framework.interaction import Interaction
from bot.ui import replies
from bot.ui.payloads import InvalidPayload
from keys.base.errors import StorageUnavailable
from keys.changes.change import change
from runtime import tracing

logger = logging.getLogger("bot")


def tell(interaction: Interaction) -> None:
    """Tell the user that a button, a menu or a modal is from an older version, and what to do."""
    tracing.annotate(outcome="outdated")
    if interaction.body.get("type") != "view_submission":
        interaction.acknowledge()
        _redraw(interaction)
    only_for_them = _part(interaction.body, "container").get("is_ephemeral") is True
    interaction.say(replies.outdated(interaction.ref(key=_key(interaction))), replace=only_for_them)


def _redraw(interaction: Interaction) -> None:
    body = interaction.body
    container, message = _part(body, "container"), _part(body, "message")
    channel = container.get("channel_id") or _part(body, "channel").get("id")
    ts = container.get("message_ts") or message.get("ts")
    if not isinstance(channel, str) or not isinstance(ts, str):
        return
    try:
        with change(interaction.context.services, interaction.actor) as made:
            made.redraw(channel, ts)
    except StorageUnavailable as error:
        logger.warning("a message of an older version is not redrawn: %s", error)


def _key(interaction: Interaction) -> str:
    """Return the key that it was about, if that much can be read."""
    try:
        return interaction.payload.key
    except (InvalidPayload, LookupError, TypeError, AttributeError):
        return ""


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
