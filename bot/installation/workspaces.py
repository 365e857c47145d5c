"""Whose request it is: from what Slack says of a workspace to the services of its account."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.internals import (
    extract_enterprise_id,
    extract_is_enterprise_install,
    extract_team_id,
)

from bot.framework.context import Context
from bot.installation.installations import Installation, Installations, InstallationTarget
from keys.base.errors import StorageUnavailable

logger = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class WorkspaceBot:
    """One of them: its services, and who the bot is there."""

    context: Context
    bot: AuthorizeResult


class Workspaces(Protocol):
    """All that the app serves."""

    def of(self, where: InstallationTarget) -> WorkspaceBot | None:
        """The one that Slack speaks of; None if the app is not installed there."""
        ...

    def all(self) -> Sequence[WorkspaceBot]:
        """All of them, as they are now."""
        ...

    def ended(
        self, where: InstallationTarget, why: str, at: datetime, bot_user_id: str | None = None
    ) -> None:
        """Slack says that the app was uninstalled, or that its token was taken away."""
        ...


def bot(token: str, bot_id: str | None, bot_user_id: str | None) -> AuthorizeResult:
    """Who the bot is, as Bolt wants to know it."""
    return AuthorizeResult(
        enterprise_id=None, team_id=None, bot_token=token, bot_id=bot_id, bot_user_id=bot_user_id
    )


def where(body: Mapping[str, Any]) -> InstallationTarget:
    """For whom the app is installed that a request was sent to."""
    payload = dict(body)
    return InstallationTarget(
        str(extract_team_id(payload) or ""),
        str(extract_enterprise_id(payload) or ""),
        bool(extract_is_enterprise_install(payload)),
    )


def happened_at(body: Mapping[str, Any]) -> datetime:
    """When an event happened (`event_time`, in seconds since 1970)."""
    return datetime.fromtimestamp(int(body.get("event_time") or 0), UTC)


class OneWorkspace:
    """The only one; people of other workspaces are refused by its admins' check."""

    def __init__(self, served: WorkspaceBot) -> None:
        self._served = served

    def of(self, where: InstallationTarget) -> WorkspaceBot:
        """See `Workspaces`."""
        return self._served

    def all(self) -> Sequence[WorkspaceBot]:
        """See `Workspaces`."""
        return (self._served,)

    def ended(
        self, where: InstallationTarget, why: str, at: datetime, bot_user_id: str | None = None
    ) -> None:
        """See `Workspaces`."""
        ours = bot_user_id is None or bot_user_id == self._served.bot.bot_user_id
        if ours:
            logger.error(
                "Slack says %s: the app cannot work until it is installed again and "
                "SLACK_BOT_TOKEN is replaced. Keys keep working at the gateway.", why,
            )  # fmt: skip


class ManyWorkspaces:
    """Those that have installed the app. The database is asked each time: another bot may have
    heard of an installation, or of its end.

    Args:
        open_: makes the services of an installation.
    """

    def __init__(
        self, installations: Installations, open_: Callable[[Installation], Context]
    ) -> None:
        self._installations = installations
        self._open = open_
        self._opened: dict[str, tuple[Installation, WorkspaceBot]] = {}
        self._guard = threading.Lock()

    def of(self, where: InstallationTarget) -> WorkspaceBot | None:
        """See `Workspaces`. Raises StorageUnavailable."""
        try:
            found = self._installations.of(where)
        except StorageUnavailable:
            # People can at least be told that the database does not answer.
            if (known := self._known(where)) is None:
                raise
            return known
        return self._served(found) if found is not None else None

    def all(self) -> Sequence[WorkspaceBot]:
        """See `Workspaces`. Raises StorageUnavailable."""
        return [self._served(found) for found in self._installations.all()]

    def ended(
        self, where: InstallationTarget, why: str, at: datetime, bot_user_id: str | None = None
    ) -> None:
        """See `Workspaces`. Raises StorageUnavailable."""
        if self._installations.end(where, why, at, bot_user_id):
            logger.warning("the app in %s has ended: %s", where.id, why)

    def _known(self, where: InstallationTarget) -> WorkspaceBot | None:
        with self._guard:
            fits = (one for one in self._opened.values() if one[0].where.id == where.id)
            return next((served for _, served in fits), None)

    def _served(self, found: Installation) -> WorkspaceBot:
        with self._guard:
            known = self._opened.get(found.account_id)
            if known is None or known[0] != found:
                made = WorkspaceBot(
                    self._open(found), bot(found.token, found.bot_id, found.bot_user_id)
                )
                known = self._opened[found.account_id] = (found, made)
            return known[1]
