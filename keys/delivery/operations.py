"""What a recipient can do with a token that is revealed: have it shown, and claim it."""

from __future__ import annotations

from keys.base.models import KeyView
from keys.changes.authorization import recipient
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.delivery.reveals import RevealedToken, claim, reveal


class Reveal(Operation[RevealedToken], name="reveal", allow=recipient):
    """Make a token and show it. A token that was shown before never works."""

    delivery: str

    def run(self, change: Change) -> RevealedToken:
        """Make the token. Raises KeyNotFound, InvalidState."""
        return reveal(change, self.delivery)


class Claim(Operation[KeyView], name="claim", allow=recipient):
    """Make the token work that its recipient has. A second time changes nothing.

    Attributes:
        public_id: names the token that they were shown.
    """

    delivery: str
    public_id: str

    def run(self, change: Change) -> KeyView:
        """Make it work. Raises KeyNotFound, InvalidState, DeliveryExpired."""
        return claim(change, self.delivery, self.public_id)
