"""What can be done about a key's tokens: rotate, end the old one, or let it work longer."""

from __future__ import annotations

from datetime import timedelta

from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.base.policy import DeliveryWay
from keys.changes.authorization import admins
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import KeyRef
from keys.lifecycle.create import PendingKey
from keys.rotation import rotations


class Rotate(Operation[PendingKey], name="rotate", allow=admins):
    """Make a new token for a key, which works once it has reached its recipient.

    Attributes:
        grace: how long the old token keeps working then.
        idempotency_key: names this very request, so that asking twice rotates once.
        deadline: how long the delivery may take before the rotation is cancelled.
    """

    key: KeyRef
    recipient: Actor
    grace: timedelta
    idempotency_key: str
    deadline: timedelta
    method: DeliveryWay = DeliveryWay.DM

    def run(self, change: Change) -> PendingKey:
        """Begin the rotation. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest."""
        return rotations.begin(
            change,
            self.key,
            recipient=self.recipient,
            grace=self.grace,
            idempotency_key=self.idempotency_key,
            delivery_deadline=self.deadline,
            method=self.method,
        )


class EndRotation(Operation[KeyView], name="end_rotation", allow=admins):
    """End the old token of a rotation now. A second time changes nothing and is no error."""

    rotation: str

    def run(self, change: Change) -> KeyView:
        """End it. Raises KeyNotFound."""
        return rotations.end_now(change, self.rotation).key


class ExtendRotation(Operation[KeyView], name="extend_rotation", allow=admins):
    """Let the old token of a rotation work for another day."""

    rotation: str

    def run(self, change: Change) -> KeyView:
        """Extend it. Raises KeyNotFound, InvalidState."""
        return rotations.extend(change, self.rotation).key
