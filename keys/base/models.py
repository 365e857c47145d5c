"""Values that go in and out of the domain: plain, frozen and independent of the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from keys.base.actors import Actor
from keys.base.policy import DeliveryWay


class State(StrEnum):
    """The state of a key."""

    PENDING = "pending"
    ACTIVE = "active"
    REVOKED = "revoked"
    ABANDONED = "abandoned"


class RequestStage(StrEnum):
    """The state of an access request; see keys.access_requests.queries."""

    OPEN = "open"
    DELIVERING = "granting"
    GRANTED = "granted"
    DENIED = "denied"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The values for a new key.

    Attributes:
        idempotency_key: identifies the request, so that a retry does not create a second key.
    """

    name: str
    scopes: tuple[str, ...]
    owner: str | None
    idempotency_key: str
    note: str = ""
    expires_at: datetime | None = None
    backup_owner: str | None = None


@dataclass(frozen=True, slots=True)
class KeyView:
    """One key.

    Attributes:
        hint: the hint of its newest working token, or else of the pending one.
        created_at: when it was created; for an imported key, when it was created elsewhere.
        activated_at: when it began to work here; None if that is when it was created.
        imported: whether it comes from another system.
        expiry_accepted_by: who accepted that it will expire, which stops the reminders.
    """

    id: str
    account_id: str
    state: State
    name: str
    hint: str
    scopes: tuple[str, ...]
    owner: str | None
    creator: Actor
    note: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None
    revoked_at: datetime | None
    revoked_by: Actor | None
    revoked_reason: str
    rate_limit: str = ""
    networks: tuple[str, ...] = ()
    backup_owner: str | None = None
    expiry_accepted_by: Actor | None = None
    activated_at: datetime | None = None
    imported: bool = False

    @property
    def works_since(self) -> datetime:
        """Since when it has worked here; for an imported key, the time of the import."""
        return self.activated_at or self.created_at

    def expired(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry in a key's history."""

    at: datetime
    kind: str
    actor: Actor
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handover:
    """A delivery of a key's token: to whom, and when it was removed from its message."""

    recipient: Actor
    sent_at: datetime
    removed_at: datetime | None
    method: DeliveryWay = DeliveryWay.DM
