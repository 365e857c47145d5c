"""Accounts: one for each team. All other data belongs to one account."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from keys.base.errors import DomainError
from keys.base.ids import new_id
from storage.tables import Account


class WhichAccount(DomainError):
    """There are several accounts, so the caller has to choose one."""


def the_only(session: Session, now: datetime) -> str:
    """Return the id of a single-workspace application's account; create it if there is none.

    Raises:
        WhichAccount: if there are several.
    """
    found = session.exec(select(Account).order_by(col(Account.created_at)).limit(50)).all()
    if len(found) > 1:
        names = ", ".join(f"{account.workspace_id} ({account.name})" for account in found)
        raise WhichAccount(f"There are several workspaces. Choose one with --workspace: {names}.")
    return found[0].id if found else _add(session, now, None, "")


def of_workspace(session: Session, workspace_id: str) -> str | None:
    """Return the id of a workspace's account, if it has one."""
    return session.exec(select(Account.id).where(Account.workspace_id == workspace_id)).first()


def connect(session: Session, workspace_id: str, name: str, now: datetime) -> str:
    """Return the id of the account of the workspace that the bot has connected to.

    An account without a workspace, created by an operator before the bot first ran, is assigned to
    this workspace. Only a single-workspace application has such an account.
    """
    if of_workspace(session, workspace_id) is None:
        unclaimed = select(Account).where(col(Account.workspace_id).is_(None))
        if (account := session.exec(unclaimed).first()) is not None:
            account.workspace_id = workspace_id
            session.add(account)
            session.flush()
    return of_many(session, workspace_id, name, now)


def of_many(session: Session, workspace_id: str, name: str, now: datetime) -> str:
    """Return the id of the account of one of many workspaces; create it if there is none.

    Unlike `connect`, it never assigns an account without a workspace: with many workspaces it is
    not known whose it is.
    """
    account = session.exec(select(Account).where(Account.workspace_id == workspace_id)).first()
    if account is None:
        return _add(session, now, workspace_id, name)
    account.name = name
    session.add(account)
    return account.id


def _add(session: Session, now: datetime, workspace_id: str | None, name: str) -> str:
    account = Account(id=new_id("acc"), workspace_id=workspace_id, name=name, created_at=now)
    session.add(account)
    session.flush()
    return account.id
