"""Revoking a key, permanently and on every gateway."""

from __future__ import annotations

from typing import Any

from keys.base.models import KeyView, State
from keys.base.rows import view
from keys.changes.change import Change
from keys.lifecycle.events import KeyRevoked
from keys.lifecycle.rows import move


def revoke_key(change: Change, key_id: str, reason: str = "", *, announce: bool = True) -> KeyView:
    """Revoke a key permanently. Idempotent.

    Args:
        announce: whether the team is told; False if another message covers several keys.

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
    moved = move(change, key_id, (State.ACTIVE, State.PENDING), values)
    key = change.load(key_id)
    if moved:
        change.record(KeyRevoked(key, change.actor, announce=announce))
    return view(change.session, key)
