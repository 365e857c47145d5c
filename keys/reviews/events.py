"""Events of a key review (called "audit" in Slack and in stored data)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keys.changes.events import Event, NewLiveMessage
from keys.changes.outbox import TEAM, to_person
from storage.tables import Review

# The live message that asks an owner about one key.
QUESTION = "audit_question"


def about_review(review_id: str) -> str:
    """Return the subject prefix of a review's live messages, for `stale`."""
    return f"{review_id}:"


class ReviewStarted(Event, kind="audit.started"):
    """A review of all keys was started; each owner's list is posted."""

    def __init__(self, review: Review, lists: Iterable[NewLiveMessage]) -> None:
        data = {"audit": review.id, "period": review.period, "keys": review.total}
        super().__init__(None, data, stale=[about_review(review.id)], live=lists)


class ReviewReminded(Event, kind="audit.reminded"):
    """Owners who haven't answered get their list again."""

    def __init__(self, review: Review, lists: Iterable[NewLiveMessage]) -> None:
        data = {"audit": review.id, "round": review.reminders}
        super().__init__(None, data, stale=[about_review(review.id)], live=lists)


class KeptInReview(Event, kind="audit.kept"):
    """An admin or the key's owner decided to keep a key."""

    def __init__(self, review: Review, key_id: str, reason: str) -> None:
        data = {"audit": review.id, "reason": reason}
        super().__init__(key_id, data, stale=[about_review(review.id)])


class OwnerAsked(Event, kind="audit.owner_asked"):
    """An owner is asked about one key in a separate message.

    Args:
        by: the admin who asked.
    """

    def __init__(self, review: Review, key_id: str, owner: str, by: str) -> None:
        subject = f"{about_review(review.id)}{key_id}"
        question = NewLiveMessage(QUESTION, subject, to_person(owner), data={"by": by})
        data = {"audit": review.id, "owner": owner}
        super().__init__(key_id, data, stale=[about_review(review.id)], live=[question])


class ReviewEscalated(Event, kind="audit.escalated"):
    """The deadline is near; the team is told which owners haven't answered."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(None, data, announce={TEAM: data})


class RevocationAnnounced(Event, kind="audit.revokes"):
    """Unanswered keys will be revoked; the team and the owners are told when.

    Args:
        unanswered: the number of unanswered keys, by owner.
    """

    def __init__(self, data: Mapping[str, Any], unanswered: Mapping[str, int]) -> None:
        owners = {to_person(owner): {**data, "yours": n} for owner, n in unanswered.items()}
        super().__init__(None, data, announce={TEAM: data, **owners})


class ReviewFinished(Event, kind="audit.finished"):
    """A review has ended; the result is posted to the team's channel."""

    def __init__(self, review: Review, data: Mapping[str, Any]) -> None:
        super().__init__(None, data, announce={TEAM: data}, stale=[about_review(review.id)])


class DigestPosted(Event, kind="digest.posted"):
    """A digest of the activity since the last digest is posted to the team's channel."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(None, data, announce={TEAM: data})
