"""Revoking a key: for good, and everywhere."""

from __future__ import annotations

from typing import Any

from keys.base.models import State
from keys.base.rows import view
from keys.changes.change import Change
from keys.lifecycle.create import Result
from keys.lifecycle.events import KeyRevoked
from keys.lifecycle.rows import move


def revoke_key(change: Change, key_id: str, reason: str = "", *, announce: bool = True) -> Result:
    """Revoke a key for good. A second time changes nothing and is no error.

    Args:
        announce: whether the team is told; not where another message tells of many keys.

    Raises:
        KeyNotFound: if the account has no such key.
    """
    values: dict[str, Any] = {
        "state": State.REVOKED,
        "revoked_at": change.now,
        "revoked_by": str(change.actor),
        "revoked_reason": reason,
        "pending_until": None,
    }
    changed = move(change, key_id, (State.ACTIVE, State.PENDING), values)
    key = change.load(key_id)
    if changed:
        change.record(KeyRevoked(key, change.actor, announce=announce))
    return Result(view(change.session, key), changed, change.effects.fence if changed else None)
