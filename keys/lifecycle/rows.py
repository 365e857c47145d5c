"""A key's row: moved from state to state, with the name that it holds and what it is found by."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from keys.base.errors import InvalidState, KeyRevoked, NameTaken
from keys.base.models import State
from keys.base.rows import view
from keys.changes.change import Change
from keys.inputs.names import fold
from storage import AccountSession
from storage.tables import Key


def move(change: Change, key_id: str, before: tuple[State, ...], values: dict[str, Any]) -> bool:
    """Change a key if it is in one of these states; returns whether it was."""
    statement = (
        update(Key)
        .where(
            col(Key.id) == key_id,
            col(Key.account_id) == change.session.account_id,
            col(Key.state).in_(before),
        )
        .values(values)
    )
    result = change.session.execute(statement, execution_options={"synchronize_session": "fetch"})
    return isinstance(result, CursorResult) and result.rowcount == 1


def load_active(change: Change, key_id: str) -> Key:
    """The row of a key that works, or has expired.

    Raises:
        KeyNotFound: if the account has no such key.
        InvalidState: if its token is still on its way.
        KeyRevoked: if it has ended.
    """
    key = change.load(key_id)
    if key.state == State.PENDING:
        raise InvalidState(f"“{key.name}” is still being made. Change it once it works.")
    if key.state != State.ACTIVE:
        raise KeyRevoked(f"“{key.name}” was revoked, so nothing about it can be changed any more.")
    return key


def claim_name(session: AccountSession, name: str, except_for: str = "") -> None:
    """Return if no other live key has this name, whatever the case. Raises NameTaken.

    Args:
        except_for: the id of a key that may have it.
    """
    holder = select(Key).where(
        Key.account_id == session.account_id,
        Key.name_folded == fold(name),
        col(Key.state).in_((State.PENDING, State.ACTIVE)),
        col(Key.id) != except_for,
    )
    if key := session.exec(holder).first():
        raise NameTaken(key.name, key.id)


def index_key(change: Change, key: Key, hint: str = "") -> None:
    """Have a key found by its name, note, ids and hint; by its own hint if none is given."""
    hint = hint or view(change.session, key).hint
    key.search = search_text(key.name, key.note, hint, key.id, key.external_id)
    change.session.add(key)
    change.session.flush()


def search_text(
    name: str, note: str, hint: str, key_id: str, external_id: str | None = None
) -> str:
    """What a key is searched in: a line each for its name, note, hint, and ids."""
    ids = key_id if external_id is None else f"{key_id} {external_id}"
    return "\n".join((fold(name), fold(note), hint.casefold(), ids.casefold()))
