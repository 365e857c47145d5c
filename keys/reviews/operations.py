"""What can be done in a review of all keys, which people know as the audit."""

from __future__ import annotations

from keys.base.models import KeyView
from keys.changes.authorization import admins
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import KeyRef, Reason
from keys.lifecycle.create import PendingKey
from keys.lifecycle.revoke import revoke_key
from keys.reviews import lifecycle
from keys.reviews.models import ReviewItem
from keys.reviews.rules import review_owner
from keys.rotation.operations import RotationInput


class StartReview(Operation[str], name="start_review", allow=admins):
    """Start a review of all keys, unless one is open or this period had its own.

    Attributes:
        period: what starts it: a moment of the schedule, or a request.
    """

    period: str

    def run(self, change: Change) -> str:
        """Start it; returns its id. Raises InvalidState if there is no key."""
        return lifecycle.begin(change, self.period, change.services.policy.audits)


class KeepInReview(Operation[ReviewItem], name="keep_in_review", allow=admins | review_owner):
    """Decide that a key stays."""

    subject_field = "review"

    review: str
    key: KeyRef
    reason: Reason = ""

    def run(self, change: Change) -> ReviewItem:
        """Keep it. Raises KeyNotFound, InvalidState."""
        return lifecycle.keep(change, self.review, self.key, self.reason)


class RevokeInReview(Operation[KeyView], name="revoke_in_review", allow=admins | review_owner):
    """Revoke a key from a review; its owner may, and it is the same as anywhere."""

    subject_field = "review"

    review: str
    key: KeyRef

    def run(self, change: Change) -> KeyView:
        """Revoke it. Raises KeyNotFound."""
        return revoke_key(change, self.key)


class RotateInReview(
    RotationInput, Operation[PendingKey], name="rotate_in_review", allow=admins | review_owner
):
    """Rotate a key from a review; its owner may, and the new token goes to them."""

    subject_field = "review"

    review: str

    def run(self, change: Change) -> PendingKey:
        """Begin it. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest."""
        return self.begin(change, change.actor)


class AskOwner(Operation[ReviewItem], name="ask_owner", allow=admins):
    """Have the owner of a key asked."""

    subject_field = "review"

    review: str
    key: KeyRef

    def run(self, change: Change) -> ReviewItem:
        """Ask them. Raises KeyNotFound, InvalidState."""
        return lifecycle.ask_owner(change, self.review, self.key)
