"""What can be done with a key's tokens: rotate, end the old one, extend it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel

from keys.base.actors import Actor
from keys.base.errors import InvalidGrace
from keys.base.policy import DeliveryWay
from keys.changes.authorization import admins
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import KeyRef
from keys.lifecycle.create import PendingKey
from keys.rotation.grace import GRACE_DEFAULT, GRACES, end_rotation, extend_rotation
from keys.rotation.queries import RotationView
from keys.rotation.start import begin_rotation


def _offered(grace: timedelta) -> timedelta:
    if grace not in GRACES:
        raise InvalidGrace("Choose one of these.")
    return grace


# How long the old token keeps working once the new one works: one of GRACES.
Grace = Annotated[timedelta, AfterValidator(_offered)]


class RotationInput(BaseModel):
    """What every way to rotate a key takes; see Rotate.

    Attributes:
        idempotency_key: names this very request, so that asking twice rotates once.
        deadline: how long the delivery may take before the new token is cancelled.
        method: by which way the token travels.
    """

    key: KeyRef
    grace: Grace = GRACE_DEFAULT
    idempotency_key: str
    deadline: timedelta
    method: DeliveryWay = DeliveryWay.DM

    def begin(self, change: Change, recipient: Actor) -> PendingKey:
        """Begin the rotation. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest.

        Args:
            recipient: who is sent the new token.
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
    """Make a new token for a key; it works once it has reached its recipient.

    Attributes:
        recipient: who is sent the token.
    """

    recipient: Actor

    def run(self, change: Change) -> PendingKey:
        """Begin it. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest."""
        return self.begin(change, self.recipient)


class EndRotation(Operation[RotationView], name="end_rotation", allow=admins):
    """End the old token of a rotation at once. A second time changes nothing and is no error."""

    rotation: str

    def run(self, change: Change) -> RotationView:
        """End it. Raises KeyNotFound."""
        return end_rotation(change, self.rotation)


class ExtendRotation(Operation[RotationView], name="extend_rotation", allow=admins):
    """Have the old token of a rotation work for another day."""

    rotation: str

    def run(self, change: Change) -> RotationView:
        """Extend it. Raises KeyNotFound, InvalidState."""
        return extend_rotation(change, self.rotation)
