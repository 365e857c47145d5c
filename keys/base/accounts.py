"""Accounts: one for each team. Everything else belongs to one and never crosses over."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from keys.base.errors import DomainError
from keys.base.ids import new_id
from storage import AccountSession
from storage.tables import Account


class WhichAccount(DomainError):
    """There are several accounts, and the caller has to name one."""


def the_only(session: Session, now: datetime) -> str:
    """The id of the one account of a single-workspace application; it is made if there is none yet.

    Raises:
        WhichAccount: if there are several.
    """
    found = session.exec(select(Account).order_by(col(Account.created_at)).limit(50)).all()
    if len(found) > 1:
        names = ", ".join(f"{account.workspace_id} ({account.name})" for account in found)
        raise WhichAccount(f"There are several workspaces. Choose one with --workspace: {names}.")
    return found[0].id if found else _add(session, now, None, "")


def of_workspace(session: Session, workspace_id: str) -> str | None:
    """The id of the workspace's account, or None."""
    return session.exec(select(Account.id).where(Account.workspace_id == workspace_id)).first()


def connect(session: Session, workspace_id: str, name: str, now: datetime) -> str:
    """The id of the account of the workspace that the bot has just connected to.

    An account that has no workspace yet, made by an operator before the bot ever ran, takes on
    this workspace's id. Only a single-workspace application has such an account.
    """
    if of_workspace(session, workspace_id) is None:
        unclaimed = select(Account).where(col(Account.workspace_id).is_(None))
        if (account := session.exec(unclaimed).first()) is not None:
            account.workspace_id = workspace_id
            session.add(account)
            session.flush()
    return of_many(session, workspace_id, name, now)


def of_many(session: Session, workspace_id: str, name: str, now: datetime) -> str:
    """The id of the account of one of many workspaces; it is made if there is none yet.

    Unlike `connect`, it takes over no account that belongs to nobody: among many workspaces nobody
    could tell whose it is.
    """
    account = session.exec(select(Account).where(Account.workspace_id == workspace_id)).first()
    if account is None:
        return _add(session, now, workspace_id, name)
    account.name = name
    session.add(account)
    return account.id


def channel(
    session: AccountSession,
) -> str | None:
    """The id of the channel in which the team was told of something last; None before."""
    return session.get_one(Account, session.account_id).channel_id


def note_channel(session: AccountSession, channel_id: str) -> None:
    """Record in which channel the team was told of something."""
    account = session.get_one(Account, session.account_id)
    account.channel_id = channel_id
    session.add(account)


def _add(session: Session, now: datetime, workspace_id: str | None, name: str) -> str:
    account = Account(id=new_id("acc"), workspace_id=workspace_id, name=name, created_at=now)
    session.add(account)
    session.flush()
    return account.id
