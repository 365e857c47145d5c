"""Changing what a key may do, who owns it and when it expires; its token stays the same.

Each change is one event, which says what was there before.
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
from keys.lifecycle.events import ExpiryAccepted, KeyEdited, KeyLimited
from keys.lifecycle.rows import index_key, load_active
from storage import AccountSession
from storage.tables import Event, Key

# What changes the values in the modal for editing; a new token does not.
_CHANGES = ("key.issued", "key.renamed", "key.edited", "key.limited", "key.revoked")


class KeyUpdate(BaseModel):
    """What can be changed about a key, all at once; see Update."""

    scopes: Scopes
    owner: Owner
    backup_owner: BackupOwner
    note: Note
    networks: Networks
    rate_limit: RateLimit
    last_day: LastDay


def version(session: AccountSession, key_id: str) -> int:
    """A number that grows with every change of the key that `edit_key` could overwrite."""
    last = _last_change(session, key_id)
    return last.seq if last else 0


def edit_key(change: Change, key_id: str, wanted: KeyUpdate, expected_version: int) -> KeyView:
    """Make a key what is wanted. What is so already is no change.

    Args:
        expected_version: the key's `version` when its values were shown to the user.

    Raises:
        EditConflict: if another user has changed it since.
        KeyNotFound, KeyRevoked, InvalidExpiry: with a sentence for the person.
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


def transfer_ownership(change: Change, key_id: str, before: str, after: str) -> KeyView:
    """Make one person the owner, or the backup owner, where another one was.

    Args:
        before, after: the ids of the two.

    Raises:
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the person.
    """
    key = load_active(change, key_id)
    owner = after if key.owner == before else key.owner
    backup = after if key.backup_owner == before else key.backup_owner
    return _apply(
        change, key, {"owner": owner, "backup_owner": backup if backup != owner else None}
    )


def set_expiry(change: Change, key_id: str, last_day: date | None) -> KeyView:
    """Have a key expire on another day; one that has expired works again.

    Raises:
        KeyNotFound, KeyRevoked, InvalidExpiry: with a sentence for the person.
    """
    key = load_active(change, key_id)
    expires_at = change.services.policy.check_expiry(last_day, change.now)
    return _apply(change, key, {"expires_at": expires_at})


def let_expire(change: Change, key_id: str) -> KeyView:
    """Record that a key may expire, so that nobody is reminded any more.

    Raises:
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the person.
    """
    key = load_active(change, key_id)
    if key.expires_at is None:
        raise InvalidState(f"“{key.name}” has no date of expiry any more.")
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
    """Hold a key to a rate and to networks; empty ones take the limit away.

    Args:
        rate_limit: such as `100/minute`.
        networks: addresses and networks in CIDR form.

    Raises:
        KeyNotFound, KeyRevoked: with a sentence for the person.
    """
    key = change.load(key_id)
    if key.state != State.ACTIVE:
        raise KeyRevoked(f"“{key.name}” was revoked, so its limits do not matter any more.")
    if (rate_limit, networks) == (key.rate_limit, tuple(key.networks.split())):
        return view(change.session, key)
    key.rate_limit, key.networks = rate_limit, " ".join(networks)
    change.session.add(key)
    change.session.flush()
    change.record(KeyLimited(key))
    return view(change.session, key)


def _end(change: Change, key: Key, last_day: date | None) -> datetime | None:
    policy = change.services.policy
    before = policy.last_day(key.expires_at) if key.expires_at is not None else None
    # A date that nobody touched stays, even if the team has become stricter since.
    return key.expires_at if last_day == before else policy.check_expiry(last_day, change.now)


def _apply(change: Change, key: Key, values: Mapping[str, Any]) -> KeyView:
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
    change.record(KeyEdited(key, before, after))
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
