"""Find the workspace that a request comes from, and the services of its account."""

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
    """The bot in one workspace: its services, and its token and ids for Bolt."""

    context: Context
    bot: AuthorizeResult


class Workspaces(Protocol):
    """The workspaces that the app serves."""

    def find(self, target: InstallationTarget) -> WorkspaceBot | None:
        """Return the bot in a workspace; None if the app is not installed there."""
        ...

    def all(self) -> Sequence[WorkspaceBot]:
        """Return the bots of all workspaces."""
        ...

    def ended(
        self, target: InstallationTarget, event: str, at: datetime, bot_user_id: str | None = None
    ) -> None:
        """Record that the app was uninstalled, or its token revoked; see Installations.end."""
        ...


def bot(token: str, bot_id: str | None, bot_user_id: str | None) -> AuthorizeResult:
    """Return the bot's token and ids in the form that Bolt expects."""
    return AuthorizeResult(
        enterprise_id=None, team_id=None, bot_token=token, bot_id=bot_id, bot_user_id=bot_user_id
    )


def target_of(body: Mapping[str, Any]) -> InstallationTarget:
    """Return the installation that a request was sent to."""
    payload = dict(body)
    return InstallationTarget(
        str(extract_team_id(payload) or ""),
        str(extract_enterprise_id(payload) or ""),
        bool(extract_is_enterprise_install(payload)),
    )


def happened_at(body: Mapping[str, Any]) -> datetime:
    """Return when an event happened (`event_time`, in seconds since 1970)."""
    return datetime.fromtimestamp(int(body.get("event_time") or 0), UTC)


class OneWorkspace:
    """A single workspace; people of other workspaces are refused when their role is checked."""

    def __init__(self, bot: WorkspaceBot) -> None:
        self._bot = bot

    def find(self, target: InstallationTarget) -> WorkspaceBot:
        """See `Workspaces`."""
        return self._bot

    def all(self) -> Sequence[WorkspaceBot]:
        """See `Workspaces`."""
        return (self._bot,)

    def ended(
        self, target: InstallationTarget, event: str, at: datetime, bot_user_id: str | None = None
    ) -> None:
        """See `Workspaces`."""
        if bot_user_id is None or bot_user_id == self._bot.bot.bot_user_id:
            logger.error(
                "Slack reports %s: the app cannot work until it is installed again and "
                "SLACK_BOT_TOKEN is replaced. Keys keep working at the gateway.", event,
            )  # fmt: skip


class ManyWorkspaces:
    """All workspaces that have installed the app.

    The database is read each time: another process of the bot may have handled an installation, or
    its end.

    Args:
        make_context: makes the services of an installation.
    """

    def __init__(
        self, installations: Installations, make_context: Callable[[Installation], Context]
    ) -> None:
        self._installations = installations
        self._make_context = make_context
        self._bots: dict[str, tuple[Installation, WorkspaceBot]] = {}
        self._guard = threading.Lock()

    def find(self, target: InstallationTarget) -> WorkspaceBot | None:
        """See `Workspaces`. Raises StorageUnavailable."""
        try:
            installation = self._installations.find(target)
        except StorageUnavailable:
            # With a known bot, people can at least be told that the database does not answer.
            if (known := self._known(target)) is None:
                raise
            return known
        return self._bot_of(installation) if installation is not None else None

    def all(self) -> Sequence[WorkspaceBot]:
        """See `Workspaces`. Raises StorageUnavailable."""
        return [self._bot_of(installation) for installation in self._installations.all()]

    def ended(
        self, target: InstallationTarget, event: str, at: datetime, bot_user_id: str | None = None
    ) -> None:
        """See `Workspaces`. Raises StorageUnavailable."""
        if self._installations.end(target, event, at, bot_user_id):
            logger.warning("the app is no longer installed in %s: %s", target.id, event)

    def _known(self, target: InstallationTarget) -> WorkspaceBot | None:
        with self._guard:
            return next(
                (bot for found, bot in self._bots.values() if found.target.id == target.id), None
            )

    def _bot_of(self, installation: Installation) -> WorkspaceBot:
        with self._guard:
            known = self._bots.get(installation.account_id)
            if known is None or known[0] != installation:
                made = WorkspaceBot(
                    self._make_context(installation),
                    bot(installation.token, installation.bot_id, installation.bot_user_id),
                )
                known = self._bots[installation.account_id] = (installation, made)
            return known[1]
