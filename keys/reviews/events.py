"""What happens in a review of all keys, which people know as the audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keys.changes.events import Event, NewLiveMessage
from keys.changes.outbox import TEAM, to_person
from storage.tables import Review

# The live message that asks a key's owner about it.
QUESTION = "audit_question"


def about_review(review_id: str) -> str:
    """The live messages about a review and the keys in it, for `stale`."""
    return f"{review_id}:"


class ReviewStarted(Event, kind="audit.started"):
    """A review of all keys was started; its lists are posted."""

    def __init__(self, review: Review, lists: Iterable[NewLiveMessage]) -> None:
        data = {"audit": review.id, "period": review.period, "keys": review.total}
        super().__init__(None, data, stale=[about_review(review.id)], live=lists)


class ReviewReminded(Event, kind="audit.reminded"):
    """Owners who have not answered get their list again."""

    def __init__(self, review: Review, lists: Iterable[NewLiveMessage]) -> None:
        data = {"audit": review.id, "round": review.reminders}
        super().__init__(None, data, stale=[about_review(review.id)], live=lists)


class KeptInReview(Event, kind="audit.kept"):
    """An admin or the key's owner decided that a key stays."""

    def __init__(self, review: Review, key_id: str, reason: str) -> None:
        data = {"audit": review.id, "reason": reason}
        super().__init__(key_id, data, stale=[about_review(review.id)])


class OwnerAsked(Event, kind="audit.owner_asked"):
    """A key's owner is asked about it in a message of its own.

    Args:
        by: the admin who has them asked.
    """

    def __init__(self, review: Review, key_id: str, owner: str, by: str) -> None:
        subject = f"{about_review(review.id)}{key_id}"
        question = NewLiveMessage(QUESTION, subject, to_person(owner), data={"by": by})
        data = {"audit": review.id, "owner": owner}
        super().__init__(key_id, data, stale=[about_review(review.id)], live=[question])


class ReviewEscalated(Event, kind="audit.escalated"):
    """The deadline is near, and the team reads which owners have not answered."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(None, data, announce={TEAM: data})


class RevocationAnnounced(Event, kind="audit.revokes"):
    """Keys without an answer will be revoked, and the team and their owners read when.

    Args:
        unanswered: the owners to be told, each with the number of keys without an answer.
    """

    def __init__(self, data: Mapping[str, Any], unanswered: Mapping[str, int]) -> None:
        owners = {to_person(owner): {**data, "yours": n} for owner, n in unanswered.items()}
        super().__init__(None, data, announce={TEAM: data, **owners})


class ReviewFinished(Event, kind="audit.finished"):
    """A review has ended, and the team reads its result."""

    def __init__(self, review: Review, data: Mapping[str, Any]) -> None:
        super().__init__(None, data, announce={TEAM: data}, stale=[about_review(review.id)])


class DigestPosted(Event, kind="digest.posted"):
    """The team reads what happened with its keys since the digest before."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(None, data, announce={TEAM: data})
