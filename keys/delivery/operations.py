"""Operations on a token that is revealed: show it, and claim it."""

from __future__ import annotations

from collections.abc import Iterator

from keys.base.models import KeyView
from keys.changes.authorization import Caller, recipient
from keys.changes.change import Change
from keys.changes.membership import ChosenPerson
from keys.changes.operation import Operation
from keys.delivery.deliveries import row
from keys.delivery.reveals import RevealedToken, claim, reveal
from keys.inputs.fields import Id
from storage import AccountSession

_RECIPIENT_LEFT = (
    "You are no longer a full member of this workspace, so you cannot get this token. It does not "
    "work."
)


class Reveal(Operation[RevealedToken], name="reveal", allow=recipient):
    """Make a token and show it. Any earlier revealed token stops working."""

    delivery: Id

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the recipient, who may have left since the button was sent."""
        yield from _waiting_recipient(self.delivery, caller, session)

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

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the recipient, who may have left since the token was shown."""
        yield from _waiting_recipient(self.delivery, caller, session)

    def run(self, change: Change) -> KeyView:
        """Activate it. Raises KeyNotFound, InvalidState, DeliveryExpired."""
        return claim(change, self.delivery, self.public_id)


def _waiting_recipient(
    delivery_id: str, caller: Caller, session: AccountSession
) -> Iterator[ChosenPerson]:
    """Yield the recipient, unless they have the token already, and it works."""
    if row(session, delivery_id).sent_at is None:
        yield ChosenPerson.recipient(caller.actor, _RECIPIENT_LEFT)
