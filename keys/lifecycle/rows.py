"""A key's row: its state transitions, its unique name and its search text."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from keys.base.errors import InvalidState, KeyRevoked, NameTaken
from keys.base.models import State
from keys.base.rows import view
from keys.changes.change import Change
from keys.inputs.names import fold
from storage import AccountSession
from storage.tables import Key


def move(change: Change, key_id: str, before: tuple[State, ...], values: dict[str, Any]) -> bool:
    """Change a key if it is in one of these states; return whether it was."""
    # The change holds the account's lock, so the row is what it will be at the commit.
    key = change.session.get(Key, key_id)
    if key is None or key.account_id != change.session.account_id or key.state not in before:
        return False
    for name, value in values.items():
        setattr(key, name, value)
    change.session.add(key)
    change.session.flush()
    return True


def load_active(change: Change, key_id: str) -> Key:
    """Return the row of a key that works or has expired.

    Raises:
        KeyNotFound: if the account has no such key.
        InvalidState: if its token has not been delivered yet.
        KeyRevoked: if it was revoked or cancelled.
    """
    key = change.load(key_id)
    if key.state == State.PENDING:
        raise InvalidState(
            f"The token of “{key.name}” has not been delivered yet. Try again once the key works."
        )
    if key.state != State.ACTIVE:
        raise KeyRevoked(f"“{key.name}” was revoked, so it can no longer be changed.")
    return key


def claim_name(session: AccountSession, name: str, except_for: str = "") -> None:
    """Return if no other live key has this name, ignoring case. Raises NameTaken.

    Args:
        except_for: the id of a key that may have the name.
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
    """Update a key's search text.

    Args:
        hint: its token's hint; the stored one if empty.
    """
    hint = hint or view(change.session, key).hint
    key.search = search_text(key.name, key.note, hint, key.id, key.external_id)
    change.session.add(key)
    change.session.flush()


def search_text(
    name: str, note: str, hint: str, key_id: str, external_id: str | None = None
) -> str:
    """Return a key's search text: one line each for its name, note, hint and ids."""
    ids = key_id if external_id is None else f"{key_id} {external_id}"
    return "\n".join((fold(name), fold(note), hint.casefold(), ids.casefold()))
