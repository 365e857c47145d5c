"""What Slack reports of the installation itself: it was uninstalled, or its token revoked."""

from __future__ import annotations

from bot.framework.router import Router
from bot.framework.slack_event import SlackEvent
from bot.installation.workspaces import Workspaces, happened_at, where
from keys.changes.authorization import system


def router(workspaces: Workspaces) -> Router:
    """Make the routes of these two events; both come when there is no context any more.

    Args:
        workspaces: told when the app is uninstalled, or its token revoked.
    """
    made = Router()

    @made.event("app_uninstalled", allow=system)
    def uninstalled(report: SlackEvent) -> None:
        workspaces.ended(where(report.body), "app_uninstalled", happened_at(report.body))

    @made.event("tokens_revoked", allow=system)
    def tokens_revoked(report: SlackEvent) -> None:
        at = happened_at(report.body)
        for bot_user_id in (report.event.get("tokens") or {}).get("bot") or ():
            workspaces.ended(where(report.body), "tokens_revoked", at, bot_user_id=str(bot_user_id))

    return made
