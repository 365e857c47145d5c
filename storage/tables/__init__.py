"""The tables. Rows only hold data; the rules are in `keys/`.

    accounts ─┬─ installations        the app in a workspace, with its encrypted bot token
              ├─ keys ─┬─ secrets ─┬─ deliveries
              │        │           └─ secret_uses, daily_uses
              │        └─ rotations       another secret for a key, and the end of the earlier ones
              ├─ access_requests          requests for a key
              ├─ people                   who has left, as far as keys are concerned
              ├─ offboardings ─ offboarding_keys  a leaver's keys, and how each was handled
              ├─ audits ─ audit_keys      reviews of all keys, and the decisions
              ├─ homes                    the state of each person's App Home
              ├─ events                   append-only, chained by hash
              ├─ notices                  the outbox: messages that must follow a change
              ├─ live_messages            messages that are updated until their subject is final
              ├─ team_channels            where the team's messages go, and what is wrong there
              └─ chores                   when each periodic job last ran
    peppers                  which pepper made the digests (a fingerprint, never the pepper)
    changes                  what gateways drop from their caches; written by triggers, see
                             storage.triggers and storage.change_feed
    seen                     processed requests, for replay protection
    gateways, confirmations  running gateways, and the fences that each has confirmed

SQLModel classes with `table=True` do not validate; input is validated before it gets here.
"""

from __future__ import annotations

from storage.tables.access_requests import AccessRequest
from storage.tables.accounts import Account, Installation
from storage.tables.audit_log import Event, PeriodicJob, ProcessedRequest
from storage.tables.deliveries import Delivery
from storage.tables.gateways import ChangeRow, Confirmation, Gateway
from storage.tables.keys import DailyUse, Key, Pepper, Secret, SecretUse
from storage.tables.messaging import Home, LiveMessageRow, OutboxRow, TeamChannelRow
from storage.tables.people import Departure, Offboarding, OffboardingKey
from storage.tables.reviews import Review, ReviewKey
from storage.tables.rotations import Rotation

__all__ = [
    "AccessRequest",
    "Account",
    "ChangeRow",
    "Confirmation",
    "DailyUse",
    "Delivery",
    "Departure",
    "Event",
    "Gateway",
    "Home",
    "Installation",
    "Key",
    "LiveMessageRow",
    "Offboarding",
    "OffboardingKey",
    "OutboxRow",
    "Pepper",
    "PeriodicJob",
    "ProcessedRequest",
    "Review",
    "ReviewKey",
    "Rotation",
    "Secret",
    "SecretUse",
    "TeamChannelRow",
]
