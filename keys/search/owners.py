"""The people who own keys."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from keys.base.models import State
from storage import AccountSession
from storage.tables import Account, Key


def owners(session: Session, workspace_id: str) -> list[str]:
    """Return the ids of the owners and backup owners of a workspace's active keys, sorted.

    Args:
        workspace_id: keys that were created before the bot first connected count too.
    """
    found = session.exec(
        select(Key.owner, Key.backup_owner)
        .join(Account, col(Account.id) == col(Key.account_id))
        .where(
            or_(col(Account.workspace_id) == workspace_id, col(Account.workspace_id).is_(None)),
            Key.state == State.ACTIVE,
        )
    )
    return sorted({user_id for pair in found for user_id in pair if user_id})


def of_account(session: AccountSession) -> list[str]:
    """Return the ids of the owners and backup owners of an account's active keys, sorted."""
    found = session.exec(
        select(Key.owner, Key.backup_owner)
        .where(Key.account_id == session.account_id, Key.state == State.ACTIVE)
        .distinct()
    )
    return sorted({user_id for pair in found for user_id in pair if user_id})
