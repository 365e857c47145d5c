"""Deliver a token to its recipient after the acknowledgement, by the team's method.

    dm      post a placeholder, put the token into it, activate the token
    reveal  post a button; the token is generated when it is pressed (bot.token_delivery.reveal)

The recipient has to be a full member at that moment, whatever they were when it was requested.

The order matters: the message's place is recorded before the token is in it, and the token is
activated only once it is there. A crash between any two steps leaves a token that is refused; the
worker cancels it at its deadline and updates its message (bot.token_delivery.jobs).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.framework.context import Context
from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import SlackError
from bot.token_delivery.remove import Removal
from bot.token_delivery.views import Maker, TokenContent, delivery_message
from bot.ui import replies
from bot.ui.blocks import Message, View
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.errors import DomainError, StorageUnavailable
from keys.base.models import KeyView
from keys.base.policy import DeliveryWay
from keys.changes.change import change
from keys.changes.membership import ChosenPerson, require_full_member
from keys.credentials.tokens import Token
from keys.delivery import deliveries
from keys.delivery.completion import CLAIMED_WITHIN, cancel, complete
from keys.delivery.deliveries import DeliveryState, Purpose
from keys.lifecycle.create import PendingKey
from runtime.errors import StorageReadOnly

logger = logging.getLogger("bot")

# How long Slack may take for a token, in seconds; after that the user is told that it failed.
DELIVERY = 30.0
# Longer, so that no key is cancelled while its token is being delivered; but not much longer, since
# after a crash the user is told only when this has passed.
LEASE = timedelta(seconds=DELIVERY + 15)
_ISSUING = Actor.system("issuing")


@dataclass(frozen=True, slots=True)
class TokenDelivery:
    """A token that is being delivered.

    Attributes:
        token: the only copy.
        recipient: the id of the user who gets it.
        actor: who requested it.
        purpose: a new key or a rotation.
        approved: whether the actor approved the recipient's request.
    """

    id: str
    key: KeyView
    token: Token
    recipient: str
    actor: Actor
    purpose: Purpose
    approved: bool = False
    state: DeliveryState = DeliveryState.PENDING

    @classmethod
    def of(
        cls,
        pending: PendingKey,
        recipient: str,
        actor: Actor,
        purpose: Purpose,
        *,
        approved: bool = False,
    ) -> TokenDelivery:
        """Return the delivery of a token that was just generated."""
        return cls(
            pending.delivery_id, pending.key, pending.token, recipient, actor, purpose, approved
        )


def delivery_deadline(context: Context) -> timedelta:
    """Return how long a delivery may take before its token is cancelled."""
    return CLAIMED_WITHIN if context.policy.delivery is DeliveryWay.REVEAL else LEASE


def deliver_token(context: Context, delivery: TokenDelivery) -> str:
    """Deliver a token; cancel it if that fails.

    Returns:
        Why the recipient does not have the token, in a sentence for users. Empty if they do, or,
        with `reveal`, if they have a button for it.
    """
    try:
        _deliver(context, delivery)
    except Exception as error:
        logger.exception("the token of %s was not delivered", delivery.key.id)
        reason = _reason(error)
        return reason if _cancel(context, delivery, reason) else ""
    return ""


def say(context: Context, user_id: str, error: str) -> None:
    """Tell a user by direct message what went wrong."""
    message = replies.domain_error(error)
    try:
        context.slack.dm(user_id, message["text"], message["blocks"])
    except SlackError:
        logger.exception("%s was not told what went wrong", user_id)


def show_outcome(context: Context, view_id: str, view: View, user_id: str, error: str) -> None:
    """Show the result of a delivery in its modal.

    Args:
        error: why it failed, sent by direct message if the modal is closed. Empty for a success,
            which the message with the token shows.
    """
    try:
        context.slack.update_view(view_id, view)
    except SlackError as refused:
        # Most people close the modal at once.
        logger.info("the modal was not updated: %s", refused.code)
        if error:
            say(context, user_id, error)


def _deliver(context: Context, delivery: TokenDelivery) -> None:
    recipient = ChosenPerson.recipient(Actor.person(delivery.recipient))
    require_full_member(context.services.membership, recipient)
    slack = context.slack.within(DELIVERY)
    posted = _post(context, slack, delivery)
    with context.writing() as session:
        deliveries.record_place(session, delivery.id, posted.channel, posted.ts)
    if context.policy.delivery is DeliveryWay.REVEAL:
        return
    filled = _render(context, replace(delivery, state=DeliveryState.DELIVERED))
    slack.update(posted, filled["text"], filled["blocks"])
    with change(context.services, delivery.actor) as made:
        complete(made, delivery.id, context.token_lifetime)


def _post(context: Context, slack: SlackClient, delivery: TokenDelivery) -> Posted:
    message = _render(context, delivery)
    return slack.dm(delivery.recipient, message["text"], message["blocks"])


def _render(context: Context, delivery: TokenDelivery) -> Message:
    content = None
    if delivery.state is DeliveryState.DELIVERED:
        content = TokenContent(delivery.token.reveal(), context.token_minutes, context.api_url)
    return delivery_message(
        delivery.key,
        delivery.purpose,
        context.policy.delivery,
        delivery.state,
        by=Maker(
            delivery.actor,
            is_recipient=delivery.actor == Actor.person(delivery.recipient),
            approved=delivery.approved,
        ),
        ref=ActionPayload(context.clock.now(), delivery=delivery.id),
        content=content,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, SlackError | DomainError | StorageReadOnly):
        return f"The token could not be delivered. {error}"
    if isinstance(error, StorageUnavailable):
        return "The database did not answer. Please try again in a minute."
    return "Something went wrong. Please try again."


def _cancel(context: Context, delivery: TokenDelivery, reason: str) -> bool:
    """Cancel the token; False if it works after all, since only the answer was lost.

    What fails here is left to the worker: the token stays pending until its deadline.
    """
    try:
        with change(context.services, _ISSUING) as made:
            after = cancel(made, delivery.id, reason, tell=False)
        if after.sent_at is not None:
            return False
        if after.message is not None and context.policy.delivery is DeliveryWay.DM:
            Removal(context.services, context.slack).remove(after, _ISSUING)
    except StorageUnavailable:
        logger.exception("%s is cancelled later", delivery.key.id)
    return True
