"""What a recipient does with a token that is revealed: have it shown, and say that they have it."""

from __future__ import annotations

from sqlmodel import select

from keys.base.models import KeyView
from keys.changes.authorization import Allowed, Decision, Denied, Permission, Question
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.delivery import reveals
from keys.delivery.reveals import RevealedToken
from storage.tables import Delivery


def _receives(question: Question) -> Decision:
    session = question.session
    if session is not None and question.delivery:
        found = select(Delivery.id).where(
            Delivery.account_id == session.account_id,
            Delivery.id == question.delivery,
            Delivery.recipient == str(question.caller.actor),
        )
        if session.exec(found).first() is not None:
            return Allowed()
    return Denied("This token is meant for another person.")


# The person to whom a token is delivered, an admin or not.
recipient = Permission("recipient", _receives, reads=True)


class Reveal(Operation[RevealedToken], name="reveal", allow=recipient):
    """Make the token that is shown now. One that was shown before never works."""

    delivery: str

    def run(self, change: Change) -> RevealedToken:
        """Make it. Raises KeyNotFound, InvalidState."""
        return reveals.reveal(change, self.delivery)


class ConfirmReceipt(Operation[KeyView], name="confirm_receipt", allow=recipient):
    """Make the token work that its recipient has been shown. A second time changes nothing.

    Attributes:
        public_id: of the token that they were shown.
    """

    delivery: str
    public_id: str

    def run(self, change: Change) -> KeyView:
        """Make it work. Raises KeyNotFound, InvalidState, DeliveryExpired."""
        return reveals.claim(change, self.delivery, self.public_id)
