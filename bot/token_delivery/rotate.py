"""Rotating a key and delivering its new token, whichever feature has it rotated."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.context import Context
from bot.token_delivery.deliver import TokenDelivery, deliver_token, delivery_deadline
from keys.base.actors import Actor
from keys.changes.authorization import Caller
from keys.changes.operation import Operation, execute
from keys.delivery.deliveries import Purpose
from keys.lifecycle.create import PendingKey
from keys.operations import Rotate


def rotation_of(
    context: Context, key_id: str, recipient: str, grace: timedelta, idempotency_key: str
) -> Rotate:
    """Return the rotation of a key whose new token travels as the team has chosen.

    Args:
        recipient: the id of the person who gets the new token.

    Raises:
        ValidationError: if this grace period is not offered.
    """
    return Rotate(
        key=key_id,
        recipient=Actor.person(recipient),
        grace=grace,
        idempotency_key=idempotency_key,
        deadline=delivery_deadline(context),
        method=context.policy.delivery,
    )


def rotate_and_deliver(
    context: Context, caller: Caller, operation: Operation[PendingKey], recipient: str
) -> str:
    """Rotate a key and deliver its new token.

    Args:
        operation: begins the rotation, under its own rule.
        recipient: the id of the person who gets the token.

    Returns:
        Why nothing was rotated, in a sentence for people; empty if it was, or, with `reveal`, if
        the recipient has a button for the new token.

    Raises:
        DomainError: if the key cannot be rotated.
    """
    pending = execute(context.services, caller, operation, wait=0).value
    delivery = TokenDelivery.of(pending, recipient, caller.actor, Purpose.ROTATION)
    why = deliver_token(context, delivery)
    return f"{why} The old token keeps working." if why else ""
