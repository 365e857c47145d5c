"""What can be done about access requests: ask, approve, deny, withdraw."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import select

from keys.access_requests import requests
from keys.access_requests.requests import RequestView
from keys.base.policy import DeliveryWay
from keys.changes.authorization import (
    Allowed,
    Decision,
    Denied,
    Permission,
    Question,
    admins,
    members,
)
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import Name, Reason, Scopes
from keys.lifecycle.create import PendingKey
from storage.tables import AccessRequest


def _asked(question: Question) -> Decision:
    session, actor = question.session, question.caller.actor
    if session is not None and question.about:
        found = select(AccessRequest.id).where(
            AccessRequest.account_id == session.account_id,
            AccessRequest.id == question.about,
            AccessRequest.requester == actor.id,
        )
        if actor.kind == "person" and session.exec(found).first() is not None:
            return Allowed()
    return Denied("This is another person’s request.")


# The person who made the access request that it is about.
requester = Permission("requester", _asked, reads=True)


class Ask(Operation[RequestView], name="request", allow=members):
    """Ask for a key, for oneself.

    Attributes:
        idempotency_key: names this very submission, so that sending it twice asks once.
    """

    name: Name
    scopes: Scopes
    reason: Reason
    idempotency_key: str

    def run(self, change: Change) -> RequestView:
        """Make the request. Raises NameTaken, ReasonMissing, InvalidState, DuplicateRequest."""
        return requests.ask(
            change,
            change.actor.id,
            name=self.name,
            scopes=self.scopes,
            reason=self.reason,
            idempotency_key=self.idempotency_key,
        )


class Approve(Operation[PendingKey | None], name="approve", allow=admins):
    """Approve a request: its key is made, and the token goes to the requester alone.

    Nobody approves their own, whatever they are.

    Attributes:
        deadline: how long the delivery may take before the key is cancelled.
        expires_at: when the key ends; None for never.
    """

    about_field = "request"

    request: str
    deadline: timedelta
    method: DeliveryWay = DeliveryWay.DM
    expires_at: datetime | None = None

    def run(self, change: Change) -> PendingKey | None:
        """Approve it; None if it is not open any more. Raises InvalidState, NameTaken."""
        return requests.approve(
            change,
            self.request,
            delivery_deadline=self.deadline,
            method=self.method,
            expires_at=self.expires_at,
        )


class Deny(Operation[bool], name="deny", allow=admins):
    """Deny a request; nobody decides about their own."""

    about_field = "request"

    request: str
    reason: Reason = ""

    def run(self, change: Change) -> bool:
        """Deny it; False if it is not open any more. Raises KeyNotFound, InvalidState."""
        return requests.deny(change, self.request, self.reason)


class Withdraw(Operation[bool], name="withdraw", allow=requester):
    """Withdraw one's own request."""

    about_field = "request"

    request: str

    def run(self, change: Change) -> bool:
        """Withdraw it; False if it is not open any more. Raises KeyNotFound."""
        return requests.withdraw(change, self.request)
