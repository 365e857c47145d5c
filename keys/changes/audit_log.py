"""The record: an append-only list of what happened, chained by hash.

Each entry's hash covers the entry and the hash before it, so that nothing can be changed, left
out or moved without the chain breaking. The chain is per account. It is evidence against later
editing, not against a person who can rewrite the whole table: only a copy of the newest hash, kept
elsewhere, would reveal that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.models import HistoryEntry
from runtime import tracing
from storage import AccountSession
from storage.tables import Account, Event

GENESIS_HASH = "0" * 64
_HISTORY_MAX = 50


def append(
    session: AccountSession,
    at: datetime,
    kind: str,
    actor: Actor,
    key_id: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Add one entry, in the caller's transaction, so that it stands or falls with the change.

    Args:
        kind: what happened, such as `key.revoked`.
        data: more about it; names and ids, never a token.
    """
    last = _last(session)
    entry = Event(
        account_id=session.account_id,
        seq=last.seq + 1 if last else 1,
        at=at,
        kind=kind,
        actor=str(actor),
        key_id=key_id,
        data=_json(data),
        previous=last.hash if last else GENESIS_HASH,
        hash="",
        trace_id=tracing.current_id(),
    )
    entry.hash = hash_of(entry)
    session.add(entry)
    session.flush()
    return entry


def append_all(
    session: AccountSession,
    at: datetime,
    actor: Actor,
    entries: Iterable[tuple[str, str | None, Mapping[str, Any]]],
) -> None:
    """Add many entries in few statements.

    Args:
        entries: what happened, to which key, and more about it; see `append`.
    """
    last = _last(session)
    seq, previous = (last.seq, last.hash) if last else (0, GENESIS_HASH)
    rows: list[dict[str, Any]] = []
    for kind, key_id, data in entries:
        seq += 1
        row: dict[str, Any] = {
            "account_id": session.account_id,
            "seq": seq,
            "at": at,
            "kind": kind,
            "actor": str(actor),
            "key_id": key_id,
            "data": _json(data),
            "previous": previous,
        }
        row["hash"] = previous = _hash(**row)
        rows.append(row | {"request_id": tracing.current_id()})
    if rows:
        session.connection().execute(insert(Event), rows)


def has(session: AccountSession, key_id: str, kind: str, data: Mapping[str, Any]) -> bool:
    """Whether there is an entry of this kind about a key that says exactly this."""
    same = select(Event.id).where(
        Event.account_id == session.account_id,
        Event.key_id == key_id,
        Event.kind == kind,
        Event.data == _json(data),
    )
    return session.exec(same.limit(1)).first() is not None


def _json(data: Mapping[str, Any] | None) -> str:
    return json.dumps(data or {}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def lock(
    session: AccountSession,
) -> None:
    """Make other changes of this account wait until this transaction has ended."""
    session.exec(select(Account.id).where(Account.id == session.account_id).with_for_update()).one()


def hash_of(entry: Event) -> str:
    """SHA-256 over the entry's fields in a fixed form, the previous hash among them."""
    return _hash(
        account_id=entry.account_id,
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        key_id=entry.key_id,
        data=entry.data,
        previous=entry.previous,
    )


def _hash(
    *,
    account_id: str,
    seq: int,
    at: datetime,
    kind: str,
    actor: str,
    key_id: str | None,
    data: str,
    previous: str,
) -> str:
    when = at.isoformat(timespec="microseconds")
    fields = [account_id, seq, when, kind, actor, key_id, data, previous]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


def verify_chain(
    session: AccountSession,
) -> int | None:
    """The place of the first entry that does not fit the chain; None if all is well."""
    previous, expected = GENESIS_HASH, 1
    entries = select(Event).where(Event.account_id == session.account_id).order_by(col(Event.seq))
    for entry in session.exec(entries):
        fits = entry.seq == expected and entry.previous == previous
        if not fits or entry.hash != hash_of(entry):
            return expected
        previous, expected = entry.hash, expected + 1
    return None


def latest_hash(
    session: AccountSession,
) -> str:
    """The hash of the newest entry, which stands for all of them."""
    last = _last(session)
    return last.hash if last is not None else GENESIS_HASH


def history(session: AccountSession, key_id: str) -> list[HistoryEntry]:
    """What happened to one key, newest first; at most 50 entries."""
    entries = (
        select(Event)
        .where(Event.account_id == session.account_id, Event.key_id == key_id)
        .order_by(col(Event.seq).desc())
        .limit(_HISTORY_MAX)
    )
    return [
        HistoryEntry(event.at, event.kind, Actor.read(event.actor), json.loads(event.data))
        for event in session.exec(entries)
    ]


def _last(
    session: AccountSession,
) -> Event | None:
    entries = select(Event).where(Event.account_id == session.account_id)
    return session.exec(entries.order_by(col(Event.seq).desc()).limit(1)).first()
