"""Reviews as values: the review, its keys, and the decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.reviews.findings import Recommendation, RiskFinding, advice

# The prefix of the period of a review that an admin started.
ASKED = "asked:"


class Stage(StrEnum):
    """The state of a review."""

    OPEN = "open"
    FINISHED = "finished"


class Decision(StrEnum):
    """The decision on a key; `UNANSWERED` if there was none before the deadline."""

    KEPT = "kept"
    ROTATED = "rotated"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One key in a review.

    Attributes:
        risk_findings: its risk findings at the start, most severe first.
        asked_at: when an admin asked its owner about it.
    """

    key: KeyView
    risk_findings: tuple[RiskFinding, ...]
    decision: Decision | None
    by: Actor | None
    at: datetime | None
    reason: str
    asked_at: datetime | None

    @property
    def advice(self) -> Recommendation:
        """The recommendation for it."""
        return advice(self.risk_findings)


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review.

    Attributes:
        total: the number of keys at the start.
        flagged: the number of keys with each risk finding.
        decided: the number of keys with each decision.
        revokes_at: when unanswered keys are revoked; None if they are not.
        reminders: the number of reminders so far; each round's lists replace those before.
    """

    id: str
    period: str
    stage: Stage
    started_by: Actor
    created_at: datetime
    deadline_at: datetime
    ended_at: datetime | None
    total: int
    flagged: Mapping[RiskFinding, int]
    decided: Mapping[Decision, int]
    revokes_at: datetime | None
    reminders: int

    @property
    def done(self) -> int:
        """How many keys have a decision."""
        return sum(n for decision, n in self.decided.items() if decision is not Decision.UNANSWERED)

    @property
    def left(self) -> int:
        """How many keys have none."""
        return self.total - self.done
