"""Which workspaces have installed the app, with their bots' tokens. The tokens are kept sealed.

A workspace, or an organisation as a whole, has one account, whatever is uninstalled and installed
again: its keys wait there meanwhile, and go on working at the gateway.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.installation.encryption import SealBroken, TokenCipher
from keys.base import accounts
from runtime.clock import Clock
from storage import reading, writing
from storage.tables import Account
from storage.tables import Installation as Row

logger = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class InstallationTarget:
    """For whom the app is installed.

    Attributes:
        team_id: the workspace; empty for an organisation as a whole.
        enterprise_id: the organisation; empty outside Enterprise Grid.
        org_wide: whether an organisation has installed it for all its workspaces.
    """

    team_id: str
    enterprise_id: str = ""
    org_wide: bool = False

    @property
    def id(self) -> str:
        """By which its account is known. Two workspaces of one organisation that have each
        installed the app for themselves have nothing in common."""
        return self.enterprise_id if self.org_wide else self.team_id


@dataclass(frozen=True, slots=True)
class OAuthInstallation:
    """What Slack reports when the app was installed."""

    where: InstallationTarget
    name: str
    bot_id: str
    bot_user_id: str
    token: str = field(repr=False)
    scopes: str
    installed_by: str


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in one workspace or organisation, as it is now."""

    account_id: str
    where: InstallationTarget
    bot_id: str
    bot_user_id: str
    token: str = field(repr=False)
    installed_by: str


class Installations:
    """Keeps them. Safe to share between threads."""

    def __init__(self, engine: Engine, seal: TokenCipher, clock: Clock) -> None:
        self._engine = engine
        self._seal = seal
        self._clock = clock

    def save(self, installed: OAuthInstallation) -> str:
        """Record an installation, in place of an earlier one; returns the id of its account."""
        where, now = installed.where, self._clock.now()
        with writing(self._engine) as session:
            account_id = accounts.of_many(session, where.id, installed.name, now)
            row = session.get(Row, account_id) or Row(
                account_id=account_id, org_wide=where.org_wide, bot_id="", bot_user_id="",
                scopes="", installed_by="", installed_at=now,
            )  # fmt: skip
            row.team_id, row.enterprise_id = where.team_id or None, where.enterprise_id or None
            row.org_wide = where.org_wide
            row.bot_id, row.bot_user_id = installed.bot_id, installed.bot_user_id
            row.scopes, row.installed_by = installed.scopes, installed.installed_by
            row.token = self._seal.close(installed.token, account_id)
            row.installed_at, row.ended_at, row.ended_why = now, None, ""
            session.add(row)
        return account_id

    def of(self, where: InstallationTarget) -> Installation | None:
        """The installation that Slack speaks of; None if it has ended, or never was.

        Raises:
            StorageUnavailable: if the database cannot be reached.
        """
        with reading(self._engine) as session:
            row = _row(session, where)
        return self._opened(row) if row is not None else None

    def all(self) -> list[Installation]:
        """All that have not ended. Raises StorageUnavailable."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(Row).where(col(Row.token).is_not(None)).order_by(col(Row.account_id))
            ).all()
        opened = (self._opened(row) for row in rows)
        return [one for one in opened if one is not None]

    def end(
        self, where: InstallationTarget, why: str, at: datetime, bot_user_id: str | None = None
    ) -> bool:
        """The app was uninstalled, or its token was taken away: the token is forgotten.

        Args:
            why: the name of Slack's event.
            at: when it happened. Slack may tell of it late, and what was installed again
                meanwhile is left alone.
            bot_user_id: whose token was taken away, where that is told.

        Returns:
            Whether this has ended it.
        """
        with writing(self._engine) as session:
            row = _row(session, where)
            # Slack tells the time of events in whole seconds.
            if row is None or row.installed_at.replace(microsecond=0) > at:
                return False
            if bot_user_id is not None and bot_user_id != row.bot_user_id:
                return False
            row.token, row.ended_at, row.ended_why = None, self._clock.now(), why
            session.add(row)
        return True

    def reencrypt(self) -> int:
        """Encrypt under the newest key what was sealed under an older one; returns how many."""
        done = 0
        with writing(self._engine) as session:
            for row in session.exec(select(Row).where(col(Row.token).is_not(None))):
                if row.token is None or self._seal.is_current(row.token):
                    continue
                opened = self._opened(row)
                if opened is not None:
                    row.token = self._seal.close(opened.token, row.account_id)
                    session.add(row)
                    done += 1
        return done

    def _opened(self, row: Row) -> Installation | None:
        if row.token is None:
            return None
        try:
            token = self._seal.open(row.token, row.account_id)
        except SealBroken as error:
            # Without its token nothing can be done there, and the others must go on.
            logger.error(  # noqa: TRY400 - where it was raised says nothing
                "the bot's token of %s does not open: %s. Put the old APIKEYS_SEAL_KEY back beside "
                "the new one, or have the app installed there again.", row.account_id, error,
            )  # fmt: skip
            return None
        where = InstallationTarget(row.team_id or "", row.enterprise_id or "", row.org_wide)
        return Installation(
            row.account_id, where, row.bot_id, row.bot_user_id, token, row.installed_by
        )


def _row(session: Session, where: InstallationTarget) -> Row | None:
    """What is installed there now."""
    return session.exec(
        select(Row)
        .join(Account, col(Account.id) == col(Row.account_id))
        .where(
            Account.workspace_id == where.id,
            Row.org_wide == where.org_wide,
            col(Row.token).is_not(None),
        )
    ).first()
