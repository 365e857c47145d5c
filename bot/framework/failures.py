"""Tell a user that they may not, or what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from bot.framework import outdated
from bot.framework.interaction import Interaction
from bot.slack_api.errors import SlackError
from bot.ui import replies
from bot.ui.blocks import Message
from bot.ui.payloads import InvalidPayload
from keys.base.errors import DomainError, StorageUnavailable
from keys.changes.operation import problems
from runtime import tracing
from runtime.errors import StorageReadOnly, Tampered
from storage import urgent_until

logger = logging.getLogger("bot")


@contextmanager
def answer(interaction: Interaction) -> Iterator[None]:
    """Acknowledge in time, and tell the user if something goes wrong."""
    try:
        with urgent_until(interaction.acknowledged), interaction.ack_before_deadline():
            yield
    except Exception as error:  # noqa: BLE001  (every error is reported)
        _tell(interaction, error)


def refuse(interaction: Interaction, reason: str) -> None:
    """Tell the user that they may not, why, and whom to ask."""
    tracing.annotate(outcome="refused")
    if interaction.body.get("type") == "view_submission":
        # A modal can only be answered once, and finding the names may take longer than Slack waits.
        interaction.say(replies.denied(reason, ()))
    else:
        interaction.acknowledge()
    names = ", ".join(interaction.context.admins.names())
    ask = f" You can ask: {names}." if names else ""
    interaction.say(replies.denied(reason + ask, ()))


def _tell(interaction: Interaction, error: Exception) -> None:
    try:
        if isinstance(error, InvalidPayload):
            outdated.tell(interaction)
        else:
            interaction.say(_describe(error))
    except Exception as again:
        logger.exception(
            "%s could not be told what went wrong", interaction.person.user_id, exc_info=again
        )
        interaction.acknowledge()


def _describe(error: Exception) -> Message:
    tracing.annotate(outcome=type(error).__name__)
    if isinstance(error, StorageReadOnly):
        logger.error("%s", error)
        return replies.domain_error(str(error))
    if isinstance(error, StorageUnavailable):
        logger.error("the database did not answer: %s", error)
        return replies.domain_error(
            "The database did not answer. Please check the key’s state in a minute, and try again "
            "if nothing was done."
        )
    if isinstance(error, Tampered):
        logger.error("%s", error)
        return replies.domain_error(str(error))
    if isinstance(error, DomainError):
        return replies.domain_error(str(error))
    if isinstance(error, ValidationError):
        return replies.domain_error(" ".join(why for _, why in problems(error)))
    if isinstance(error, SlackError):
        logger.warning("%s: %s", error.method, error.code)
        return replies.domain_error(str(error))
    # The user can quote the id that every log line about this request has.
    reference = tracing.current_id() or tracing.Trace().id
    logger.error("unexpected, reference %s", reference, exc_info=error)
    return replies.internal_error(reference)
