"""Operations on a token that is revealed: show it, and claim it."""

from __future__ import annotations

from keys.base.models import KeyView
from keys.changes.authorization import recipient
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.delivery.reveals import RevealedToken, claim, reveal
from keys.inputs.fields import Id


class Reveal(Operation[RevealedToken], name="reveal", allow=recipient):
    """Make a token and show it. Any earlier revealed token stops working."""

    delivery: Id

    def run(self, change: Change) -> RevealedToken:
        """Make the token. Raises KeyNotFound, InvalidState."""
        return reveal(change, self.delivery)


class Claim(Operation[KeyView], name="claim", allow=recipient):
    """Activate a token its recipient has received. Idempotent.

    Attributes:
        public_id: the public id of the token that they were shown.
    """

    delivery: Id
    public_id: Id

    def run(self, change: Change) -> KeyView:
        """Activate it. Raises KeyNotFound, InvalidState, DeliveryExpired."""
        return claim(change, self.delivery, self.public_id)
