"""Operations of a key review (called "audit" in Slack and in stored data)."""

from __future__ import annotations

from collections.abc import Iterator

from keys.base.models import KeyView
from keys.changes.authorization import Caller, admins
from keys.changes.change import Change
from keys.changes.membership import ChosenPerson
from keys.changes.operation import Operation
from keys.inputs.fields import Id, KeyRef, KeyRefs, Reason
from keys.lifecycle.create import PendingKey
from keys.lifecycle.revoke import revoke_key
from keys.reviews import lifecycle
from keys.reviews.models import ReviewItem
from keys.reviews.queries import item
from keys.reviews.rules import review_owner
from keys.rotation.operations import RotationInput
from storage import AccountSession


class StartReview(Operation[str], name="start_review", allow=admins):
    """Start a review of all keys, unless one is open or one was already run for this period.

    Attributes:
        period: identifies the run: a scheduled time or a manual request.
    """

    period: Id

    def run(self, change: Change) -> str:
        """Start it; return its id. Raises InvalidState if there are no keys."""
        return lifecycle.begin(change, self.period, change.services.policy.audits)


class KeepInReview(Operation[ReviewItem], name="keep_in_review", allow=admins | review_owner):
    """Mark a key as kept in a review."""

    subject_field = "review"

    review: Id
    key: KeyRef
    reason: Reason = ""

    def run(self, change: Change) -> ReviewItem:
        """Keep it. Raises KeyNotFound, InvalidState."""
        return lifecycle.keep(change, self.review, self.key, self.reason)


class KeepKeysInReview(Operation[list[ReviewItem]], name="keep_keys_in_review", allow=admins):
    """Mark many keys as kept in a review; those that were decided before stay as they are."""

    subject_field = "review"

    review: Id
    keys: KeyRefs

    def run(self, change: Change) -> list[ReviewItem]:
        """Keep them; return those that were not decided before. Raises KeyNotFound."""
        return lifecycle.keep_all(change, self.review, self.keys)


class UndoKeep(Operation[ReviewItem], name="undo_keep", allow=admins | review_owner):
    """Undo the decision to keep a key, as long as the review is open."""

    subject_field = "review"

    review: Id
    key: KeyRef

    def run(self, change: Change) -> ReviewItem:
        """Undo it. Raises KeyNotFound, InvalidState."""
        lifecycle.undo_keep(change, self.review, [self.key])
        return item(change.session, self.review, self.key)


class UndoKeeps(Operation[int], name="undo_keeps", allow=admins):
    """Undo the decisions to keep many keys, as long as the review is open."""

    subject_field = "review"

    review: Id
    keys: KeyRefs

    def run(self, change: Change) -> int:
        """Undo them; return how many were kept until now. Raises InvalidState."""
        return lifecycle.undo_keep(change, self.review, self.keys)


class RevokeInReview(Operation[KeyView], name="revoke_in_review", allow=admins | review_owner):
    """Revoke a key during a review; its owner may too. Same effect as Revoke."""

    subject_field = "review"

    review: Id
    key: KeyRef

    def run(self, change: Change) -> KeyView:
        """Revoke it. Raises KeyNotFound."""
        return revoke_key(change, self.key)


class RotateInReview(
    RotationInput, Operation[PendingKey], name="rotate_in_review", allow=admins | review_owner
):
    """Rotate a key during a review; its owner may too, and receives the new token."""

    subject_field = "review"

    review: Id

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the caller, who receives the new token."""
        yield ChosenPerson.recipient(caller.actor)

    def run(self, change: Change) -> PendingKey:
        """Start the rotation. Raises KeyNotFound, KeyRevoked, InvalidState, DuplicateRequest."""
        return self.begin(change, change.actor)


class AskOwner(Operation[ReviewItem], name="ask_owner", allow=admins):
    """Ask a key's owner whether it is still needed."""

    subject_field = "review"

    review: Id
    key: KeyRef

    def run(self, change: Change) -> ReviewItem:
        """Ask them. Raises KeyNotFound, InvalidState."""
        return lifecycle.ask_owner(change, self.review, self.key)
