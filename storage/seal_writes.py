"""Seal rows when a session writes them, and increase the revisions of keys (storage.seals).

A row that something else has changed or put back is not sealed again: that would make it genuine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import event, inspect
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, SQLModel, select

from storage.seals import (
    RECORDED,
    REVISED,
    SEALED,
    Sealer,
    content_of,
    key_of,
    recorded,
    sealer_of,
    tampered,
)
from storage.tables import AccessRequest, Delivery, Key, OffboardingKey, Rotation, Secret

# What may be changed in a row that is not believed: its end. It stays without a genuine seal.
_ENDS: Mapping[type[SQLModel], Callable[[Any, set[str]], bool]] = {
    Key: lambda row, _: row.state in ("revoked", "abandoned"),
    Secret: lambda _row, _: True,
    AccessRequest: lambda row, _: row.state in ("denied", "closed"),
    Rotation: lambda row, _: row.state in ("ended", "abandoned"),
    Delivery: lambda _, changed: changed <= {"removed_at"},
    OffboardingKey: lambda row, _: row.action == "",
}
# What changes without a new revision: a digest that another one of the same token replaces.
_REPLACED = ("digest", "pepper_version", "algorithm", "seal")
_UNREVISED = frozenset({*_REPLACED, "revision", "search"})


@event.listens_for(Session, "before_flush")
def _seal_written_rows(session: Session, *_: Any) -> None:
    rows = [row for row in (*session.new, *session.dirty) if type(row) in SEALED]
    changed = {id(row): _changed(row) for row in rows}
    rows = [row for row in rows if row in session.new or changed[id(row)]]
    if not rows:
        return
    sealer = sealer_of(session)
    believed = {id(row) for row in rows if row in session.new or _was_genuine(session, sealer, row)}
    for key_id in dict.fromkeys(
        row.id if isinstance(row, Key) else row.key_id
        for row in rows
        if isinstance(row, Key | Secret) and (row in session.new or changed[id(row)] - _UNREVISED)
    ):
        rows += _revise(session, sealer, key_id, believed)
    for row in rows:
        if id(row) in believed:
            cast("Any", row).seal = sealer.seal(content_of(session, row))
        elif not _may_end(row, changed[id(row)]):
            raise tampered(row)


def _may_end(row: SQLModel, changed: set[str]) -> bool:
    ends = _ENDS.get(type(row))
    return ends is not None and ends(row, changed)


def _revise(session: Session, sealer: Sealer, key_id: str, believed: set[int]) -> list[SQLModel]:
    """Increase a key's revision, once in a transaction; return the rows that have to be sealed."""
    revised: dict[str, int] = session.info.setdefault(REVISED, {})
    key = key_of(session, key_id)
    is_new = key in session.new
    if is_new:
        key.revision = revised.setdefault(key_id, 1)
    elif key_id not in revised:
        if _was_put_back(session, key) or not _was_genuine(session, sealer, key):
            believed.discard(id(key))
            if _may_end(key, set()):
                return []
            raise tampered(key)
        key.revision = revised[key_id] = key.revision + 1
    believed.add(id(key))
    rows: list[SQLModel] = [key]
    stored = [] if is_new else _locked_secrets(session, key_id)
    fresh = [row for row in session.new if isinstance(row, Secret) and row.key_id == key_id]
    for secret in (*stored, *fresh):
        if secret in session.new or id(secret) in believed or _was_genuine(session, sealer, secret):
            believed.add(id(secret))
            secret.revision = key.revision
            rows.append(secret)
    return rows


def _locked_secrets(session: Session, key_id: str) -> Sequence[Secret]:
    """Return a key's secrets as they are: gateways replace the digests of imported keys."""
    now = {
        id_: values
        for id_, *values in session.exec(
            select(Secret.id, *(getattr(Secret, name) for name in _REPLACED))
            .where(Secret.key_id == key_id)
            .with_for_update()
        )
    }
    found = session.exec(select(Secret).where(Secret.key_id == key_id)).all()
    for secret in found:
        for name, value in zip(_REPLACED, now.get(secret.id, ()), strict=False):
            if name not in inspect(secret).committed_state:
                set_committed_value(secret, name, value)
    return found


def _changed(row: SQLModel) -> set[str]:
    """Return the sealed attributes whose value differs from the database's."""
    before = inspect(row).committed_state
    return {
        name
        for name in SEALED[type(row)].attributes
        if name in before and before[name] != getattr(row, name)
    }


def _was_genuine(session: Session, sealer: Sealer, row: SQLModel) -> bool:
    """Return whether a row was genuine as it was read from the database."""
    seal = inspect(row).committed_state.get("seal", cast("Any", row).seal)
    return sealer.is_genuine(content_of(session, row, before=True), seal)


def _was_put_back(session: Session, key: Key) -> bool:
    """Return whether the audit log has a later revision of a key than its row.

    The row's seal is genuine then, and the next revision would hide that a change is lost.
    """
    newest, _ = recorded(session, key.id)
    return newest > key.revision


@event.listens_for(Session, "after_transaction_end")
def _end_revisions(session: Session, transaction: Any) -> None:
    if transaction.parent is None:
        session.info.pop(REVISED, None)
        session.info.pop(RECORDED, None)
