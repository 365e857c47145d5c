"""An offboarding as values: where it is, its keys, and what became of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keys.base.actors import Actor
from keys.base.models import KeyView

# Why an offboarding was started: an admin asked. Else it is a `DepartureReason`.
ASKED = "asked"


class Stage(StrEnum):
    """Where an offboarding is."""

    OPEN = "open"
    FINISHED = "finished"
    CLOSED = "closed"


class Result(StrEnum):
    """How a key was handled."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    KEPT = "kept"
    ROTATED = "rotated"
    HANDED_OVER = "handed_over"


class BulkAction(StrEnum):
    """What can be done with all keys at once."""

    ROTATE = "rotate"
    REVOKE = "revoke"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class KeyRelation:
    """What a person has to do with a key."""

    created: bool
    owned: bool
    sent: bool


@dataclass(frozen=True, slots=True)
class OffboardingItem:
    """One key of a leaver.

    Attributes:
        relations: what they had to do with it when they left.
        knows: they were sent a token of it that works and has no set end.
        owns: they are still its owner or its backup owner.
        result: None as long as it is not handled.
        by, at: who handled it, and when.
        action: what is about to be done with it, as was requested for all keys at once.
        problem: why that failed, in a sentence; empty if it did not.
    """

    key: KeyView
    relations: KeyRelation
    knows: bool
    owns: bool
    result: Result | None
    by: Actor | None
    at: datetime | None
    action: BulkAction | None
    problem: str


@dataclass(frozen=True, slots=True)
class OffboardingView:
    """An offboarding as it stands.

    Attributes:
        person: the id of the person who leaves.
        why: `asked`, `deactivated` or `guest`.
        returned: they are a full member again.
        items: the doubtful ones first.
    """

    id: str
    person: str
    why: str
    stage: Stage
    started_by: Actor
    created_at: datetime
    ended_at: datetime | None
    ended_by: Actor | None
    returned: bool
    items: Sequence[OffboardingItem]

    @property
    def open_items(self) -> list[OffboardingItem]:
        """The keys that are not handled."""
        return [item for item in self.items if item.result is None]
