"""The audit log: an append-only list of events, chained by hash.

Each entry's hash covers the entry and the previous hash, so changing, removing or moving an entry
breaks the chain. Each account has its own chain. It is evidence against later editing, but not
against a person who can rewrite the whole table: only a copy of the newest hash, kept elsewhere,
would reveal that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from keys.base.actors import Actor
from keys.base.models import HistoryEntry
from keys.base.stored_data import read_data
from runtime import tracing
from storage import AccountSession, seals
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
    """Add one entry, in the transaction of the change that it records.

    Args:
        kind: the event's kind, such as `key.revoked`.
        data: details: names and ids, never a token.
    """
    # What the entry is about is written, and so has its new revision.
    session.flush()
    seq, previous = newest(session)
    entry = Event(
        account_id=session.account_id,
        seq=seq + 1,
        at=at,
        kind=kind,
        actor=str(actor),
        key_id=key_id,
        data=_json(data),
        previous=previous,
        hash="",
        trace_id=tracing.current_id(),
        revision=seals.revision_of(session, key_id) if key_id else None,
    )
    entry.hash = hash_of(entry)
    if key_id:
        seals.note_recorded(session, key_id, entry.revision)
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
        entries: kind, key id and data of each; see `append`.
    """
    seq, previous = newest(session)
    rows: list[dict[str, Any]] = []
    sealer = seals.sealer_of(session)
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
        row["hash"] = previous = hash_fields(**row)
        row["request_id"] = tracing.current_id()
        row["revision"] = seals.revision_of(session, key_id) if key_id else None
        if key_id:
            seals.note_recorded(session, key_id, row["revision"])
        rows.append(seals.seal_row(sealer, Event, row))
    if rows:
        session.connection().execute(insert(Event), rows)


def require_recorded(session: AccountSession) -> None:
    """Return if each key that this transaction has changed has an entry that says so.

    Raises:
        RuntimeError: if not: gateways would refuse the key, as one that was changed by hand.
    """
    if keys := seals.unrecorded(session):
        raise RuntimeError(f"changes of {', '.join(sorted(keys))} are not in the audit log")


def has(session: AccountSession, key_id: str, kind: str, data: Mapping[str, Any]) -> bool:
    """Return whether there is an entry of this kind for a key with exactly this data."""
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
    """Lock the account: its other changes wait until this transaction ends."""
    session.exec(select(Account.id).where(Account.id == session.account_id).with_for_update()).one()


def hash_of(entry: Event) -> str:
    """Return the SHA-256 of the entry's fields in a fixed form, including the previous hash."""
    return hash_fields(
        account_id=entry.account_id,
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        key_id=entry.key_id,
        data=entry.data,
        previous=entry.previous,
    )


def hash_fields(
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
    """Return the SHA-256 of an entry's fields in a fixed form; see `hash_of`."""
    when = at.isoformat(timespec="microseconds")
    fields = [account_id, seq, when, kind, actor, key_id, data, previous]
    return digest(json.dumps(fields, ensure_ascii=False))


def digest(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal; a lone surrogate counts as its escape."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def newest(session: AccountSession) -> tuple[int, str]:
    """Return the number and the hash of the newest entry; 0 and the first hash if there is none.

    The hash covers all the entries before it too.
    """
    return newest_of(session, session.account_id) or (0, GENESIS_HASH)


def newest_of(session: Session, account_id: str) -> tuple[int, str] | None:
    """Return the number and the hash of an account's newest entry; None if it has none."""
    entries = select(Event.seq, Event.hash).where(Event.account_id == account_id)
    return session.exec(entries.order_by(col(Event.seq).desc()).limit(1)).first()


def newest_data(session: AccountSession, kind: str) -> dict[str, Any] | None:
    """Return the data of the newest entry of a kind; None if there is none."""
    found = session.exec(
        select(Event.data)
        .where(Event.account_id == session.account_id, Event.kind == kind)
        .order_by(col(Event.seq).desc())
        .limit(1)
    ).first()
    return None if found is None else read_data(found)


def history(session: AccountSession, key_id: str) -> list[HistoryEntry]:
    """Return the history of one key, newest first; at most 50 entries."""
    entries = (
        select(Event)
        .where(Event.account_id == session.account_id, Event.key_id == key_id)
        .order_by(col(Event.seq).desc())
        .limit(_HISTORY_MAX)
    )
    return [
        HistoryEntry(event.at, event.kind, Actor.read(event.actor), read_data(event.data))
        for event in session.exec(entries)
    ]
