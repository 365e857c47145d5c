"""The table of operations: everything that can be done with keys, and what follows from it.

Importing this module imports every feature, so that the table and the subscribers are complete.
"""

from __future__ import annotations

from keys.access_requests import subscribers as access_requests
from keys.access_requests.operations import Approve, Ask, Deny, Withdraw
from keys.changes.operation import OPERATIONS, Operation, Outcome, execute
from keys.changes.services import Subscribers
from keys.delivery.operations import ConfirmReceipt, Reveal
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
    KeepKey,
    RecordDeparture,
    RequestBulkAction,
    StartOffboarding,
)
from keys.reviews.operations import (
    AskOwner,
    KeepInReview,
    RevokeInReview,
    RotateInReview,
    StartReview,
)
from keys.rotation.operations import EndRotation, ExtendRotation, Rotate
from keys.transfer.operations import AnnounceImport, Import

# What else changes when an event is recorded, in the same transaction.
SUBSCRIBERS: Subscribers = {**access_requests.SUBSCRIBERS, **offboarding.SUBSCRIBERS}

__all__ = [
    "OPERATIONS",
    "SUBSCRIBERS",
    "AcceptExpiry",
    "AnnounceImport",
    "Approve",
    "Ask",
    "AskOwner",
    "CloseOffboarding",
    "ConfirmReceipt",
    "Create",
    "Deny",
    "EndRotation",
    "ExtendRotation",
    "Import",
    "KeepInReview",
    "KeepKey",
    "Limit",
    "Operation",
    "Outcome",
    "RecordDeparture",
    "RecordLeaks",
    "Rename",
    "RequestBulkAction",
    "Reveal",
    "Revoke",
    "RevokeInReview",
    "Rotate",
    "RotateInReview",
    "SetExpiry",
    "StartOffboarding",
    "StartReview",
    "Transfer",
    "Update",
    "Withdraw",
    "execute",
]
