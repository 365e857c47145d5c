"""Events of a key review (called "audit" in Slack and in stored data)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keys.changes.events import Event, NewLiveMessage
from keys.changes.outbox import to_person
from storage.tables import Review

# The live message that asks an owner about one key.
QUESTION = "audit_question"
# How many differences between rows and audit log are announced.
_ANNOUNCED = 5


def about_review(review_id: str) -> str:
    """Return the subject prefix of a review's live messages, for `stale`."""
    return f"{review_id}:"


class ReviewStarted(Event, kind="audit.started"):
    """A review of all keys was started; each owner's list is posted.

    Args:
        digests: the digests of all keys at the start (keys.reviews.evidence.digests).
    """

    def __init__(
        self, review: Review, lists: Iterable[NewLiveMessage], digests: Mapping[str, str]
    ) -> None:
        data = {
            "audit": review.id,
            "period": review.period,
            "keys": review.total,
            "deadline_at": review.deadline_at.isoformat(timespec="seconds"),
            "start": digests,
        }
        super().__init__(None, data, stale=[about_review(review.id)], live=lists)


class ReviewScheduled(Event, kind="audit.scheduled"):
    """A review that an admin started counts as the scheduled one of this period."""

    def __init__(self, review: Review) -> None:
        super().__init__(None, {"audit": review.id, "period": review.period})


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


class KeepUndone(Event, kind="audit.keep_undone"):
    """A decision to keep a key was undone; the key is open again."""

    def __init__(self, review: Review, key_id: str) -> None:
        super().__init__(key_id, {"audit": review.id}, stale=[about_review(review.id)])


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
        super().__init__(None, data, news=data)


class RevocationAnnounced(Event, kind="audit.revokes"):
    """Unanswered keys will be revoked; the team and the owners are told when.

    Args:
        unanswered: the number of unanswered keys, by owner.
    """

    def __init__(self, data: Mapping[str, Any], unanswered: Mapping[str, int]) -> None:
        owners = {to_person(owner): {**data, "yours": n} for owner, n in unanswered.items()}
        super().__init__(None, data, news=data, announce=owners)


class ReviewFinished(Event, kind="audit.finished"):
    """A review has ended; the result is posted to the team's channel.

    Args:
        data: the result, as it is announced.
        digests: the digests of all keys and decisions at the end (keys.reviews.evidence.digests).
    """

    def __init__(self, review: Review, data: Mapping[str, Any], digests: Mapping[str, str]) -> None:
        recorded = {**data, "end": digests}
        super().__init__(None, recorded, news=data, stale=[about_review(review.id)])


class EvidenceRefused(Event, kind="audit.evidence_refused"):
    """The evidence of a review was not written, because rows and audit log differ.

    Args:
        differences: what differs, each in a sentence; the first ones are announced to the team.
    """

    def __init__(self, review_id: str, differences: Sequence[str]) -> None:
        data = {
            "audit": review_id,
            "differences": list(differences[:_ANNOUNCED]),
            "more": max(len(differences) - _ANNOUNCED, 0),
        }
        super().__init__(None, data, news=data)


class DigestPosted(Event, kind="digest.posted"):
    """A digest of the activity since the last digest is posted to the team's channel."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(None, data, news=data)
