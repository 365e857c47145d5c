"""The table of operations, and the subscribers to their events.

Importing this module imports every feature, so both are complete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from keys.access_requests import subscribers as access_requests
from keys.access_requests.operations import Approve, ApproveWithChanges, Ask, Deny, Withdraw
from keys.changes.events import Event
from keys.changes.operation import OPERATIONS, Operation, Outcome, execute
from keys.changes.services import Subscriber, Subscribers
from keys.delivery.operations import Claim, Reveal
from keys.integrity.operations import AcceptRestore, ReportTampering
from keys.leaks.operations import RecordLeaks
from keys.lifecycle.operations import (
    AcceptExpiry,
    Create,
    Limit,
    Rename,
    Revoke,
    SetExpiry,
    Transfer,
    Update,
)
from keys.offboarding import subscribers as offboarding
from keys.offboarding.operations import (
    CloseOffboarding,
    FollowPerson,
    KeepKey,
    RecordDeparture,
    RequestBulkAction,
    StartOffboarding,
)
from keys.reviews.operations import (
    AskOwner,
    KeepInReview,
    KeepKeysInReview,
    RevokeInReview,
    RotateInReview,
    StartReview,
    UndoKeep,
    UndoKeeps,
)
from keys.rotation.operations import EndRotation, ExtendRotation, Rotate, RotateOwn
from keys.team_channel.operations import (
    ChooseChannel,
    RemindOfLostChannel,
    ReportChannelBack,
    ReportChannelLost,
    WarnOfReaders,
)
from keys.transfer.operations import Export, Import


def merge(tables: Iterable[Subscribers]) -> Subscribers:
    """Merge the features' subscribers; an event can have several."""
    merged: dict[type[Event], list[Subscriber]] = defaultdict(list)
    for table in tables:
        for event, followers in table.items():
            merged[event] += followers
    return dict(merged)


# What else happens when an event is recorded, in the same transaction.
SUBSCRIBERS: Subscribers = merge((access_requests.SUBSCRIBERS, offboarding.SUBSCRIBERS))

__all__ = [
    "OPERATIONS",
    "SUBSCRIBERS",
    "AcceptExpiry",
    "AcceptRestore",
    "Approve",
    "ApproveWithChanges",
    "Ask",
    "AskOwner",
    "ChooseChannel",
    "Claim",
    "CloseOffboarding",
    "Create",
    "Deny",
    "EndRotation",
    "Export",
    "ExtendRotation",
    "FollowPerson",
    "Import",
    "KeepInReview",
    "KeepKey",
    "KeepKeysInReview",
    "Limit",
    "Operation",
    "Outcome",
    "RecordDeparture",
    "RecordLeaks",
    "RemindOfLostChannel",
    "Rename",
    "ReportChannelBack",
    "ReportChannelLost",
    "ReportTampering",
    "RequestBulkAction",
    "Reveal",
    "Revoke",
    "RevokeInReview",
    "Rotate",
    "RotateInReview",
    "RotateOwn",
    "SetExpiry",
    "StartOffboarding",
    "StartReview",
    "Transfer",
    "UndoKeep",
    "UndoKeeps",
    "Update",
    "WarnOfReaders",
    "Withdraw",
    "execute",
    "merge",
]
