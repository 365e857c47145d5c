"""What can be done about access requests: ask, approve, deny, withdraw."""

from __future__ import annotations

from datetime import timedelta

from keys.access_requests import decisions
from keys.access_requests.ask import ask
from keys.access_requests.queries import RequestView
from keys.access_requests.rules import not_requester, requester
from keys.changes.authorization import admins, members
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import Name, Reason, RequiredReason, Scopes
from keys.lifecycle.create import PendingKey


class Ask(Operation[RequestView], name="request", allow=members):
    """Ask for a key, for oneself.

    Attributes:
        idempotency_key: names this very submission, so that sending it twice asks once.
    """

    name: Name
    scopes: Scopes
    reason: RequiredReason
    idempotency_key: str

    def run(self, change: Change) -> RequestView:
        """Make the request. Raises DuplicateRequest, NameTaken, InvalidState."""
        return ask(change, self.name, self.scopes, self.reason, self.idempotency_key)


class Approve(Operation[PendingKey | None], name="approve", allow=admins & not_requester):
    """Approve a request: its key is made, and the token goes to the requester alone.

    Attributes:
        deadline: how long the delivery may take before the key is cancelled.
    """

    subject_field = "request"

    request: str
    deadline: timedelta

    def run(self, change: Change) -> PendingKey | None:
        """Approve it; None if it is not open any more. Raises KeyNotFound, NameTaken."""
        return decisions.approve(change, self.request, self.deadline)


class Deny(Operation[RequestView], name="deny", allow=admins & not_requester):
    """Deny a request. Nothing changes if it is not open any more."""

    subject_field = "request"

    request: str
    reason: Reason = ""

    def run(self, change: Change) -> RequestView:
        """Deny it; returns it as it stands. Raises KeyNotFound."""
        return decisions.deny(change, self.request, self.reason)


class Withdraw(Operation[RequestView], name="withdraw", allow=requester):
    """Withdraw one's own request. Nothing changes if it is not open any more."""

    subject_field = "request"

    request: str

    def run(self, change: Change) -> RequestView:
        """Withdraw it; returns it as it stands. Raises KeyNotFound."""
        return decisions.withdraw(change, self.request)
