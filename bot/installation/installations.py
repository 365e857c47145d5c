"""Store which workspaces have installed the app, with their bots' tokens, which are encrypted.

A workspace, or an organisation as a whole, keeps one account even if the app is uninstalled and
installed again. In the meantime its keys keep working at the gateway.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.installation.encryption import DecryptionError, TokenCipher
from keys.base import accounts
from runtime.clock import Clock
from storage import reading, writing
from storage.tables import Account
from storage.tables import Installation as Row

logger = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class InstallationTarget:
    """The workspace or organisation that the app is installed in.

    Attributes:
        team_id: the workspace; empty for an organisation as a whole.
        enterprise_id: the organisation; empty outside Enterprise Grid.
        org_wide: whether it is installed for all workspaces of the organisation.
    """

    team_id: str
    enterprise_id: str = ""
    org_wide: bool = False

    @property
    def id(self) -> str:
        """The id that its account is found by.

        Two workspaces of one organisation that installed the app separately share nothing.
        """
        return self.enterprise_id if self.org_wide else self.team_id


@dataclass(frozen=True, slots=True)
class OAuthInstallation:
    """What Slack reports once the app is installed."""

    target: InstallationTarget
    name: str
    bot_id: str
    bot_user_id: str
    token: str = field(repr=False)
    scopes: str
    installed_by: str


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in one workspace or organisation."""

    account_id: str
    target: InstallationTarget
    bot_id: str
    bot_user_id: str
    token: str = field(repr=False)
    installed_by: str


class Installations:
    """The installations in the database. Safe to share between threads."""

    def __init__(self, engine: Engine, cipher: TokenCipher, clock: Clock) -> None:
        self._engine = engine
        self._cipher = cipher
        self._clock = clock

    def save(self, installed: OAuthInstallation) -> str:
        """Store an installation, replacing an earlier one; returns the id of its account."""
        target, now = installed.target, self._clock.now()
        with writing(self._engine) as session:
            account_id = accounts.of_many(session, target.id, installed.name, now)
            row = session.get(Row, account_id) or Row(
                account_id=account_id, org_wide=target.org_wide, bot_id="", bot_user_id="",
                scopes="", installed_by="", installed_at=now,
            )  # fmt: skip
            row.team_id, row.enterprise_id = target.team_id or None, target.enterprise_id or None
            row.org_wide = target.org_wide
            row.bot_id, row.bot_user_id = installed.bot_id, installed.bot_user_id
            row.scopes, row.installed_by = installed.scopes, installed.installed_by
            row.token = self._cipher.encrypt(installed.token, account_id)
            row.installed_at, row.ended_at, row.ended_why = now, None, ""
            session.add(row)
        return account_id

    def find(self, target: InstallationTarget) -> Installation | None:
        """Return the installation of a workspace or organisation; None if the app is not installed.

        Raises:
            StorageUnavailable: if the database cannot be reached.
        """
        with reading(self._engine) as session:
            row = _row(session, target)
        return self._decrypt(row) if row is not None else None

    def was_installed(self, target: InstallationTarget) -> bool:
        """Return whether a workspace or organisation has ever installed the app.

        Raises:
            StorageUnavailable: if the database cannot be reached.
        """
        with reading(self._engine) as session:
            found = select(Account.id).where(Account.workspace_id == target.id)
            return session.exec(found).first() is not None

    def all(self) -> list[Installation]:
        """Return all installations whose tokens can be decrypted. Raises StorageUnavailable."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(Row).where(col(Row.token).is_not(None)).order_by(col(Row.account_id))
            ).all()
        found = (self._decrypt(row) for row in rows)
        return [installation for installation in found if installation is not None]

    def end(
        self, target: InstallationTarget, event: str, at: datetime, bot_user_id: str | None = None
    ) -> bool:
        """Delete the token of an app that was uninstalled, or whose token was revoked.

        Args:
            event: the name of Slack's event.
            at: when it happened. The event may arrive late; an app that was installed again
                since then is left alone.
            bot_user_id: the bot whose token was revoked, if the event names it.

        Returns:
            Whether an installation was ended.
        """
        with writing(self._engine) as session:
            row = _row(session, target)
            # Slack gives the time of events in whole seconds.
            if row is None or row.installed_at.replace(microsecond=0) > at:
                return False
            if bot_user_id is not None and bot_user_id != row.bot_user_id:
                return False
            row.token, row.ended_at, row.ended_why = None, self._clock.now(), event
            session.add(row)
        return True

    def reencrypt(self) -> int:
        """Encrypt every token of an older key under the newest; returns how many there were."""
        count = 0
        with writing(self._engine) as session:
            for row in session.exec(select(Row).where(col(Row.token).is_not(None))):
                if row.token is None or self._cipher.is_current(row.token):
                    continue
                installation = self._decrypt(row)
                if installation is not None:
                    row.token = self._cipher.encrypt(installation.token, row.account_id)
                    session.add(row)
                    count += 1
        return count

    def _decrypt(self, row: Row) -> Installation | None:
        if row.token is None:
            return None
        try:
            token = self._cipher.decrypt(row.token, row.account_id)
        except DecryptionError as error:
            # The bot cannot work there without its token; other workspaces are not affected.
            logger.error(  # noqa: TRY400 - the traceback would not help
                "the bot token of %s cannot be decrypted: %s. Add the old APIKEYS_SEAL_KEY beside "
                "the new one, or have the app installed there again.", row.account_id, error,
            )  # fmt: skip
            return None
        target = InstallationTarget(row.team_id or "", row.enterprise_id or "", row.org_wide)
        return Installation(
            row.account_id, target, row.bot_id, row.bot_user_id, token, row.installed_by
        )


def _row(session: Session, target: InstallationTarget) -> Row | None:
    return session.exec(
        select(Row)
        .join(Account, col(Account.id) == col(Row.account_id))
        .where(
            Account.workspace_id == target.id,
            Row.org_wide == target.org_wide,
            col(Row.token).is_not(None),
        )
    ).first()
