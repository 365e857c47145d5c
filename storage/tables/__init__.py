"""The tables. Rows are plain: what may be done with them is decided in `keys/`.

    accounts ─┬─ installations        the app in a workspace, with its bot's token, sealed
              ├─ keys ─┬─ secrets ─┬─ deliveries
              │        │           └─ secret_uses, daily_uses
              │        └─ rotations       a second secret for a key, and the end of the first
              ├─ access_requests          requests for a key
              ├─ people                   who has left, as far as keys are concerned
              ├─ offboardings ─ offboarding_keys  what has to be done about a leaver's keys
              ├─ audits ─ audit_keys      going through all keys, and what was decided
              ├─ homes                    what stands in whose App Home
              ├─ events                   append-only, chained by hash
              ├─ notices                  the outbox: messages that must follow a change
              ├─ live_messages            messages that follow the state of a thing until it ends
              └─ chores                   when a thing that is done now and then was done last
    peppers                  which pepper made the digests (a fingerprint, never the pepper)
    changes                  what gateways have to forget; written by triggers, see
    storage.change_feed seen                     requests that were taken, and are not taken again
    gateways, confirmations  which gateways run, and what each has forgotten

SQLModel classes with `table=True` do not validate; input is checked before it gets here.
"""

from __future__ import annotations

from storage.tables.access_requests import AccessRequest
from storage.tables.accounts import Account, Installation
from storage.tables.audit_log import Event, PeriodicJob, ProcessedRequest
from storage.tables.deliveries import Delivery
from storage.tables.gateways import ChangeRow, Confirmation, Gateway
from storage.tables.keys import DailyUse, Key, Pepper, Secret, SecretUse
from storage.tables.messaging import Home, LiveMessageRow, OutboxRow
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
]
