"""A review and the keys in it, as they stand; which decisions there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.reviews.findings import Recommendation, RiskFinding, advice


class Stage(StrEnum):
    """Where an audit is."""

    OPEN = "open"
    FINISHED = "finished"


class Decision(StrEnum):
    """What was decided about a key; `UNANSWERED` is what the deadline leaves."""

    KEPT = "kept"
    ROTATED = "rotated"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One key in an audit, as it stands now.

    Attributes:
        risk_findings: the reasons at the start to look at it twice, the gravest first.
        asked_at: when an admin had its owner asked about it.
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
        """What is usually right for it."""
        return advice(self.risk_findings)


@dataclass(frozen=True, slots=True)
class ReviewView:
    """An audit as it stands.

    Attributes:
        total: how many keys there were at the start.
        flagged: how many of them had each risk finding.
        decided: how many of them were decided how.
        revokes_at: when keys without an answer are revoked; None where they are not.
        reminders: how many reminders there were; the lists of a round replace those before.
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
        """How many keys are decided."""
        return sum(n for decision, n in self.decided.items() if decision is not Decision.UNANSWERED)

    @property
    def left(self) -> int:
        """How many are not."""
        return self.total - self.done
