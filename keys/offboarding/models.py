"""Offboardings as values: the offboarding, its keys, and their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keys.base.actors import Actor
from keys.base.models import KeyView

# Why an offboarding was started: an admin asked. Otherwise it is a `DepartureReason`.
ASKED = "asked"


class Stage(StrEnum):
    """The state of an offboarding."""

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
    """An action for all remaining keys."""

    ROTATE = "rotate"
    REVOKE = "revoke"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class KeyRelation:
    """How a person is related to a key."""

    created: bool
    owned: bool
    sent: bool


@dataclass(frozen=True, slots=True)
class OffboardingItem:
    """One key of a leaver.

    Attributes:
        relations: how they were related to it when they left.
        knows: whether they were sent a token of it that works and is not being rotated out.
        owns: whether they are still its owner or backup owner.
        result: None until it is handled.
        by, at: who handled it, and when.
        action: the bulk action that is pending for it.
        problem: why the action failed, in a sentence; empty if it did not.
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
    """An offboarding.

    Attributes:
        person: the id of the person who leaves.
        why: `asked`, `deactivated` or `guest`.
        returned: whether they are a full member again.
        items: its keys, riskiest first.
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
        """The keys that are not handled yet."""
        return [item for item in self.items if item.result is None]
