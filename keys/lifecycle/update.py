"""Changing what a key may do and who answers for it; its token stays the same.

Each function runs in the caller's transaction, writes one entry into the record, and says in it
what was there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import col, select

from keys.base.errors import EditConflict, InvalidState, KeyRevoked
from keys.base.models import Actor, State
from keys.base.policy import Policy
from keys.base.rows import view
from keys.changes import audit_log, gateways, live_messages
from keys.inputs.limits import check_networks, check_rate
from keys.inputs.names import clean_note, refuse_token
from keys.inputs.scopes import check_scopes
from keys.lifecycle.create import KeyService, Result
from storage import AccountSession
from storage.tables.keys import Event, Key

# What changes what stands in the modal for editing; a new token does not.
_CHANGES = ("key.issued", "key.renamed", "key.edited", "key.limited", "key.revoked")


@dataclass(frozen=True, slots=True)
class KeyUpdate:
    """What a key shall be like.

    Attributes:
        networks: addresses and networks in CIDR form.
        last_day: the last day on which it works, in the team's time zone; None for no end.
    """

    scopes: tuple[str, ...]
    owner: str | None
    backup_owner: str | None
    note: str
    networks: tuple[str, ...]
    rate_limit: str
    last_day: date | None


def version(session: AccountSession, key_id: str) -> int:
    """Grows with every change of the key that `edit` could overwrite."""
    last = _last_change(session, key_id)
    return last.seq if last else 0


def edit(
    service: KeyService,
    session: AccountSession,
    key_id: str,
    actor: Actor,
    wanted: KeyUpdate,
    policy: Policy,
    expected_version: int,
) -> Result:
    """Makes a key what is wanted. What is so already is no change.

    Args:
        seen: the key's `version` when its values were shown to whoever changes them now.

    Raises:
        EditConflict: if somebody else has changed it since.
        KeyNotFound, KeyRevoked, InvalidScopes, NoteTooLong, InvalidLimits, InvalidExpiry,
            TokenInText: with a sentence for the person.
    """
    refuse_token(wanted.owner or "", "owner")
    refuse_token(wanted.backup_owner or "", "backup owner")
    audit_log.lock(session)
    key = _working(service, session, key_id)
    last = _last_change(session, key_id)
    if last is not None and last.seq != expected_version:
        raise EditConflict(Actor.read(last.actor))
    now = service.clock.now()
    rate = check_rate(wanted.rate_limit)
    values: dict[str, Any] = {
        "scopes": " ".join(check_scopes(wanted.scopes)),
        "owner": wanted.owner,
        "backup_owner": wanted.backup_owner if wanted.backup_owner != wanted.owner else None,
        "note": clean_note(wanted.note),
        "networks": " ".join(check_networks(wanted.networks)),
        "rate_limit": rate,
        "expires_at": _end(key, wanted.last_day, policy, now),
    }
    return _apply(service, session, key, values, actor, now)


def transfer_ownership(
    service: KeyService,
    session: AccountSession,
    key_id: str,
    actor: Actor,
    before: str,
    after: str,
) -> Result:
    """Has somebody else answer for a key where one person did, as its owner or its backup owner.

    Args:
        before, after: the ids of the two.

    Raises:
        KeyNotFound, KeyRevoked, InvalidState, TokenInText: with a sentence for the person.
    """
    refuse_token(after, "owner")
    audit_log.lock(session)
    key = _working(service, session, key_id)
    owner = after if key.owner == before else key.owner
    backup = after if key.backup_owner == before else key.backup_owner
    values: dict[str, Any] = {"owner": owner, "backup_owner": backup if backup != owner else None}
    return _apply(service, session, key, values, actor, service.clock.now())


def set_expiry(
    service: KeyService,
    session: AccountSession,
    key_id: str,
    actor: Actor,
    last_day: date | None,
    policy: Policy,
) -> Result:
    """Has a key end on another day; one that has expired works again.

    Raises:
        KeyNotFound, KeyRevoked, InvalidExpiry: with a sentence for the person.
    """
    audit_log.lock(session)
    key = _working(service, session, key_id)
    now = service.clock.now()
    values = {"expires_at": policy.check_expiry(last_day, now)}
    return _apply(service, session, key, values, actor, now)


def let_expire(service: KeyService, session: AccountSession, key_id: str, actor: Actor) -> Result:
    """Notes that a key may expire, so that nobody is reminded any more.

    Raises:
        KeyNotFound, KeyRevoked, InvalidState: with a sentence for the person.
    """
    audit_log.lock(session)
    key = _working(service, session, key_id)
    if key.expires_at is None:
        raise InvalidState(f"“{key.name}” has no date of expiry any more.")
    if key.expiry_accepted_by is not None:
        return Result(view(session, key), changed=False)
    now = service.clock.now()
    key.expiry_accepted_by = str(actor)
    session.add(key)
    session.flush()
    data = {"name": key.name, "expires_at": key.expires_at.isoformat(timespec="seconds")}
    audit_log.append(session, now, "expiry.accepted", actor, key.id, data)
    live_messages.mark_stale_by_prefix(session, f"{key.id}:", now)
    return Result(view(session, key), changed=True)


def _end(key: Key, last_day: date | None, policy: Policy, now: datetime) -> datetime | None:
    before = policy.last_day(key.expires_at) if key.expires_at is not None else None
    # A date that nobody touched stands, even if the team has become stricter since.
    return key.expires_at if last_day == before else policy.check_expiry(last_day, now)


def _working(service: KeyService, session: AccountSession, key_id: str) -> Key:
    key = service.row(session, key_id)
    if key.state == State.PENDING:
        raise InvalidState(f"“{key.name}” is still being made. Change it once it works.")
    if key.state != State.ACTIVE:
        raise KeyRevoked(f"“{key.name}” was revoked, so nothing about it can be changed any more.")
    return key


def _apply(
    service: KeyService,
    session: AccountSession,
    key: Key,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Result:
    changed = {name: value for name, value in values.items() if getattr(key, name) != value}
    if not changed:
        return Result(view(session, key), changed=False)
    before = {name: _told(getattr(key, name)) for name in changed}
    for name, value in changed.items():
        setattr(key, name, value)
    if "expires_at" in changed:
        key.expiry_accepted_by, key.expiry_set_at = None, now
    service.search_for(session, key, view(session, key).hint)
    data = {
        "name": key.name,
        "from": before,
        "to": {name: _told(value) for name, value in changed.items()},
    }
    audit_log.append(session, now, "key.edited", actor, key.id, data)
    if "expires_at" in changed:
        live_messages.mark_stale_by_prefix(session, f"{key.id}:", now)
    return Result(view(session, key), changed=True, fence=gateways.set_fence(session))


def _told(value: Any) -> Any:
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
