"""Operations on a key's tokens: rotate, end the old one, extend it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel

from keys.base.actors import Actor
from keys.base.errors import InvalidGrace
from keys.base.policy import DeliveryWay
from keys.changes.authorization import Caller, admins
from keys.changes.change import Change
from keys.changes.membership import ChosenPerson
from keys.changes.operation import Operation
from keys.inputs.fields import Id, KeyRef
from keys.lifecycle.create import PendingKey
from keys.lifecycle.ownership import own_rotation
from keys.rotation.grace import GRACE_DEFAULT, GRACES, end_rotation, extend_rotation
from keys.rotation.queries import RotationView
from keys.rotation.start import begin_rotation
from storage import AccountSession


def _offered(grace: timedelta) -> timedelta:
    if grace not in GRACES:
        raise InvalidGrace("This grace period is not available. Choose one from the list.")
    return grace


# How long the old token keeps working after the new one works: one of GRACES.
Grace = Annotated[timedelta, AfterValidator(_offered)]


class RotationInput(BaseModel):
    """The common input of operations that rotate a key; see Rotate.

    Attributes:
        idempotency_key: identifies the request, so that a retry does not rotate twice.
        deadline: how long the delivery may take before the new token is cancelled.
        method: how the token is delivered.
    """

    key: KeyRef
    grace: Grace = GRACE_DEFAULT
    idempotency_key: Id
    deadline: timedelta
    method: DeliveryWay = DeliveryWay.DM

    def begin(self, change: Change, recipient: Actor) -> PendingKey:
        """Start the rotation. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest.

        Args:
            recipient: the person the new token is delivered to.
        """
        return begin_rotation(
            change,
            self.key,
            recipient=recipient,
            grace=self.grace,
            idempotency_key=self.idempotency_key,
            delivery_deadline=self.deadline,
            method=self.method,
        )


class Rotate(RotationInput, Operation[PendingKey], name="rotate", allow=admins):
    """Make a new token for a key; it works once it has reached the recipient.

    Attributes:
        recipient: the person the token is delivered to.
    """

    recipient: Actor

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the recipient of the new token."""
        yield ChosenPerson.recipient(self.recipient)

    def run(self, change: Change) -> PendingKey:
        """Start the rotation. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest."""
        return self.begin(change, self.recipient)


class RotateOwn(RotationInput, Operation[PendingKey], name="rotate_own", allow=own_rotation):
    """Make a new token for a key of your own, where owners may; only you receive it."""

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the owner who rotates it."""
        yield ChosenPerson.recipient(caller.actor)

    def run(self, change: Change) -> PendingKey:
        """Start the rotation. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest."""
        return self.begin(change, change.actor)


class EndRotation(Operation[RotationView], name="end_rotation", allow=admins):
    """Revoke the old token of a rotation immediately. Idempotent."""

    rotation: Id

    def run(self, change: Change) -> RotationView:
        """End it. Raises KeyNotFound."""
        return end_rotation(change, self.rotation)


class ExtendRotation(Operation[RotationView], name="extend_rotation", allow=admins):
    """Extend the old token by a day."""

    rotation: Id

    def run(self, change: Change) -> RotationView:
        """Extend it. Raises KeyNotFound, InvalidState."""
        return extend_rotation(change, self.rotation)
