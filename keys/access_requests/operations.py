"""Operations on access requests: ask, approve, deny, withdraw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pydantic import BaseModel

from keys.access_requests import decisions
from keys.access_requests.ask import ask
from keys.access_requests.queries import RequestView, load_row
from keys.access_requests.rules import not_requester, requester
from keys.access_requests.terms import Terms
from keys.base.actors import Actor
from keys.base.models import RequestStage
from keys.changes.authorization import Caller, admins, members
from keys.changes.change import Change
from keys.changes.membership import ChosenPerson
from keys.changes.operation import Operation
from keys.inputs.fields import Id, LastDay, Name, Reason, RequiredReason, Scopes
from keys.lifecycle.create import PendingKey
from storage import AccountSession

_REQUESTER_LEFT = (
    "The person who requested this key is no longer a full member of this workspace, so they "
    "cannot get a token. Deny the request."
)


class Ask(Operation[RequestView], name="request", allow=members):
    """Request a key for yourself.

    Attributes:
        idempotency_key: identifies the submission, so that a retry makes no second request.
    """

    name: Name
    scopes: Scopes
    last_day: LastDay = None
    reason: RequiredReason
    idempotency_key: Id

    def run(self, change: Change) -> RequestView:
        """Make the request. Raises DuplicateRequest, NameTaken, InvalidExpiry, InvalidState."""
        terms = Terms(self.scopes, self.last_day)
        return ask(change, self.name, terms, self.reason, self.idempotency_key)


class _Approval(BaseModel):
    """The common input of operations that approve a request.

    Attributes:
        deadline: how long the delivery may take before the key is cancelled.
    """

    request: Id
    deadline: timedelta

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the requester, who becomes the owner and gets the token if it is still open."""
        request = load_row(session, self.request)
        if request.state == RequestStage.OPEN:
            yield ChosenPerson.recipient(Actor.person(request.requester), _REQUESTER_LEFT)


class Approve(
    _Approval, Operation[PendingKey | None], name="approve", allow=admins & not_requester
):
    """Approve a request: create its key, and deliver the token to the requester only."""

    subject_field = "request"

    def run(self, change: Change) -> PendingKey | None:
        """Approve it; None if it is no longer open.

        Raises:
            KeyNotFound, NameTaken, InvalidExpiry: with a sentence for the approver.
        """
        return decisions.approve(change, self.request, self.deadline)


class ApproveWithChanges(
    _Approval,
    Operation[PendingKey | None],
    name="approve_with_changes",
    allow=admins & not_requester,
):
    """Approve a request with other scopes or another expiry date than it asks for."""

    subject_field = "request"

    scopes: Scopes
    last_day: LastDay

    def run(self, change: Change) -> PendingKey | None:
        """Approve it; None if it is no longer open.

        Raises:
            KeyNotFound, NameTaken, InvalidExpiry: with a sentence for the approver.
        """
        terms = Terms(self.scopes, self.last_day)
        return decisions.approve(change, self.request, self.deadline, terms)


class Deny(Operation[RequestView], name="deny", allow=admins & not_requester):
    """Deny a request. Nothing changes if it is no longer open."""

    subject_field = "request"

    request: Id
    reason: Reason = ""

    def run(self, change: Change) -> RequestView:
        """Deny it; return its current state. Raises KeyNotFound."""
        return decisions.deny(change, self.request, self.reason)


class Withdraw(Operation[RequestView], name="withdraw", allow=requester):
    """Withdraw your own request. Nothing changes if it is no longer open."""

    subject_field = "request"

    request: Id

    def run(self, change: Change) -> RequestView:
        """Withdraw it; return its current state. Raises KeyNotFound."""
        return decisions.withdraw(change, self.request)
