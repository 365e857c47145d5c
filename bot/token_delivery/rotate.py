"""Rotate a key and deliver its new token, for every feature that rotates keys."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.context import Context
from bot.token_delivery.deliver import TokenDelivery, deliver_token, delivery_deadline
from keys.base.actors import Actor
from keys.changes.authorization import Caller
from keys.changes.operation import Operation, execute
from keys.delivery.deliveries import Purpose
from keys.lifecycle.create import PendingKey
from keys.operations import Rotate, RotateOwn


def rotation_of(
    context: Context, key_id: str, recipient: str, grace: timedelta, idempotency_key: str
) -> Rotate:
    """Return the operation that rotates a key, with the team's method of delivery.

    Args:
        recipient: the id of the user who gets the new token.

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


def own_rotation_of(
    context: Context, key_id: str, grace: timedelta, idempotency_key: str
) -> RotateOwn:
    """Return the operation that rotates a key of the user's own; see `rotation_of`."""
    return RotateOwn(
        key=key_id,
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
        operation: starts the rotation; its own rule decides who may.
        recipient: the id of the user who gets the token.

    Returns:
        Why the key was not rotated, in a sentence for users. Empty if it was, or, with `reveal`,
        if the recipient has a button for the new token.

    Raises:
        DomainError: if the key cannot be rotated.
    """
    pending = execute(context.services, caller, operation, wait=0).value
    return deliver_rotation(context, pending, recipient, caller.actor)


def deliver_rotation(context: Context, pending: PendingKey, recipient: str, actor: Actor) -> str:
    """Deliver the new token of a rotation that was started; see `rotate_and_deliver`.

    Args:
        actor: who requested it.
    """
    error = deliver_token(context, TokenDelivery.of(pending, recipient, actor, Purpose.ROTATION))
    return f"{error} The old token keeps working." if error else ""
