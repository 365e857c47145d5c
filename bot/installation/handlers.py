"""Handle the end of an installation: the app was uninstalled, or its token revoked."""

from __future__ import annotations

from bot.framework.router import Router
from bot.framework.slack_event import SlackEvent
from bot.installation.workspaces import Workspaces, happened_at, target_of
from keys.changes.authorization import system


def router(workspaces: Workspaces) -> Router:
    """Return the routes of both events.

    They are handed the workspaces, since a workspace without the app has no context.
    """
    router = Router()

    @router.event("app_uninstalled", allow=system)
    def uninstalled(report: SlackEvent) -> None:
        workspaces.ended(target_of(report.body), "app_uninstalled", happened_at(report.body))

    @router.event("tokens_revoked", allow=system)
    def tokens_revoked(report: SlackEvent) -> None:
        target, at = target_of(report.body), happened_at(report.body)
        for bot_user_id in (report.event.get("tokens") or {}).get("bot") or ():
            workspaces.ended(target, "tokens_revoked", at, bot_user_id=str(bot_user_id))

    return router
