"""The values that go in and out of the domain: plain, frozen, without a database behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from keys.base.actors import Actor
from keys.base.policy import DeliveryWay


class State(StrEnum):
    """Where a key is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    REVOKED = "revoked"
    ABANDONED = "abandoned"


class RequestStage(StrEnum):
    """Where a request for a key is; see keys.access_requests.queries."""

    OPEN = "open"
    DELIVERING = "granting"
    GRANTED = "granted"
    DENIED = "denied"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """What is asked for when a key is created.

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
    """One key as it stands.

    Attributes:
        hint: of the newest secret that has come to work, or else of the one on its way.
        expiry_accepted_by: who said that it may expire, so that nobody is reminded any more.
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

    def expired(self, now: datetime) -> bool:
        """Whether its date of expiry has come."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a key's record."""

    at: datetime
    kind: str
    actor: Actor
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handover:
    """Who was sent the token of a key, and when it was removed from there."""

    recipient: Actor
    sent_at: datetime
    removed_at: datetime | None
    method: DeliveryWay = DeliveryWay.DM
