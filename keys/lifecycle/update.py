"""Updating a key's scopes, owners, note, limits and expiry date; its token stays the same.

Each update is one event, with the values before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.errors import EditConflict, InvalidState, KeyRevoked
from keys.base.models import KeyView, State
from keys.base.rows import view
from keys.changes.change import Change
from keys.inputs.fields import BackupOwner, LastDay, Networks, Note, Owner, RateLimit, Scopes
from keys.lifecycle.events import ExpiryAccepted, KeyEdited, KeyLimited, limits
from keys.lifecycle.rows import index_key, load_active
from storage import AccountSession
from storage.tables import Event, Key

# The kinds of events that change values in the edit modal; a new token does not.
_CHANGES = ("key.issued", "key.renamed", "key.edited", "key.limited", "key.revoked")


class KeyUpdate(BaseModel):
    """The values of a key that can be updated together; see Update."""

    scopes: Scopes
    owner: Owner
    backup_owner: BackupOwner
    note: Note
    networks: Networks
    rate_limit: RateLimit
    last_day: LastDay


def version(session: AccountSession, key_id: str) -> int:
    """Return a number that increases with every change that `edit_key` could overwrite."""
    last = _last_change(session, key_id)
    return last.seq if last else 0


def edit_key(change: Change, key_id: str, wanted: KeyUpdate, expected_version: int) -> KeyView:
    """Update a key's values; those that are equal already count as unchanged.

    Args:
        expected_version: the key's `version` when its values were shown to the user.

    Raises:
        EditConflict: if another user has changed it since.
        KeyNotFound, KeyRevoked, InvalidExpiry: with a sentence for the user.
    """
    key = load_active(change, key_id)
    last = _last_change(change.session, key_id)
    if last is not None and last.seq != expected_version:
        raise EditConflict(Actor.read(last.actor))
    values: dict[str, Any] = {
        "scopes": " ".join(wanted.scopes),
        "owner": wanted.owner,
        "backup_owner": wanted.backup_owner if wanted.backup_owner != wanted.owner else None,
        "note": wanted.note,
        "networks": " ".join(wanted.networks),
        "rate_limit": wanted.rate_limit,
        "expires_at": _end(change, key, wanted.last_day),
    }
    return _apply(change, key, values)


def transfer_ownership(
    change: Change, key_id: str, before: str, after: str, *, announce: bool = True
) -> KeyView:
    """Replace one person with another as owner or backup owner.

    Args:
        before, after: the ids of the two.
        announce: whether the team is told; False if another message covers it.

    Raises:
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the user.
    """
    key = load_active(change, key_id)
    owner = after if key.owner == before else key.owner
    backup = after if key.backup_owner == before else key.backup_owner
    values = {"owner": owner, "backup_owner": backup if backup != owner else None}
    return _apply(change, key, values, in_channel=announce)


def set_expiry(change: Change, key_id: str, last_day: date | None) -> KeyView:
    """Change a key's expiry date; reactivates an expired key.

    Raises:
        KeyNotFound, KeyRevoked, InvalidExpiry: with a sentence for the user.
    """
    key = load_active(change, key_id)
    expires_at = change.services.policy.check_expiry(last_day, change.now)
    return _apply(change, key, {"expires_at": expires_at})


def let_expire(change: Change, key_id: str) -> KeyView:
    """Accept that a key will expire; no more reminders are sent.

    Raises:
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the user.
    """
    key = load_active(change, key_id)
    if key.expires_at is None:
        raise InvalidState(f"“{key.name}” no longer has an expiry date.")
    if key.expiry_accepted_by is not None:
        return view(change.session, key)
    key.expiry_accepted_by = str(change.actor)
    change.session.add(key)
    change.session.flush()
    change.record(ExpiryAccepted(key))
    return view(change.session, key)


def limit_key(
    change: Change, key_id: str, *, rate_limit: str, networks: tuple[str, ...]
) -> KeyView:
    """Set a key's rate limit and allowed networks; empty removes them.

    Args:
        rate_limit: such as `100/minute`.
        networks: addresses and networks in CIDR notation.

    Raises:
        KeyNotFound, KeyRevoked: with a sentence for the user.
    """
    key = change.load(key_id)
    if key.state != State.ACTIVE:
        raise KeyRevoked(f"“{key.name}” was revoked, so its limits can no longer be changed.")
    if (rate_limit, networks) == (key.rate_limit, tuple(key.networks.split())):
        return view(change.session, key)
    before = limits(key)
    key.rate_limit, key.networks = rate_limit, " ".join(networks)
    change.session.add(key)
    change.session.flush()
    change.record(KeyLimited(key, before))
    return view(change.session, key)


def _end(change: Change, key: Key, last_day: date | None) -> datetime | None:
    policy = change.services.policy
    before = policy.last_day(key.expires_at) if key.expires_at is not None else None
    # An unchanged date stays valid, even if the team's policy has become stricter since.
    return key.expires_at if last_day == before else policy.check_expiry(last_day, change.now)


def _apply(
    change: Change, key: Key, values: Mapping[str, Any], *, in_channel: bool = True
) -> KeyView:
    changed = {name: value for name, value in values.items() if getattr(key, name) != value}
    if not changed:
        return view(change.session, key)
    before = {name: _recorded(getattr(key, name)) for name in changed}
    for name, value in changed.items():
        setattr(key, name, value)
    if "expires_at" in changed:
        key.expiry_accepted_by, key.expiry_set_at = None, change.now
    index_key(change, key)
    after = {name: _recorded(value) for name, value in changed.items()}
    change.record(KeyEdited(key, before, after, in_channel=in_channel))
    return view(change.session, key)


def _recorded(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _last_change(session: AccountSession, key_id: str) -> Event | None:
    return session.exec(
        select(Event)
        .where(
            Event.account_id == session.account_id,
            Event.key_id == key_id,
            col(Event.kind).in_(_CHANGES),
        )
        .order_by(col(Event.seq).desc())
        .limit(1)
    ).first()
