"""Check that every key's owner is a full member, which a shell cannot ask when it creates a key."""

from __future__ import annotations

from bot.authorization.admins import Admins, ExplicitUsers, Workspace
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import SlackError
from bot.slack_api.transport import web_calls
from cli.bootstrap.application import open_engines
from cli.bootstrap.workspaces import target_from_auth_test
from cli.doctor.findings import CheckStatus, Finding, Findings
from keys.changes.membership import Membership
from keys.search.owners import owners
from runtime.clock import SystemClock
from settings import Settings, SettingsError, SlackSettings
from storage import StorageUnavailable, reading
from storage.schema import revision

_NAMED = 5


def check_owners(settings: Settings, slack_settings: SlackSettings) -> Findings:
    """Ask Slack about every owner and backup owner; yields nothing if that is impossible."""
    if slack_settings.many or (settings.embedded and not (settings.home / "apikeys.db").exists()):
        return
    token = slack_settings.bot_token.get_secret_value()
    slack = SlackClient(web_calls(token, slack_settings.api_url))
    try:
        target = target_from_auth_test(dict(slack.auth_test()))
        found = _owners(settings, target.id)
    except (SlackError, SettingsError, StorageUnavailable):
        # The checks of Slack and of the database have reported it.
        return
    workspace = Workspace(target.team_id, target.enterprise_id)
    members = Admins(slack, ExplicitUsers(()), workspace, SystemClock())
    known = {user_id: members.membership(user_id) for user_id in found}
    refused = [user_id for user_id, now in known.items() if now is Membership.NONE]
    unknown = sum(now is Membership.UNKNOWN for now in known.values())
    if refused:
        yield Finding(
            CheckStatus.BAD,
            f"Owners who are not full members: {_some(refused)}.",
            f"Edit their keys, or offboard the person: {slack_settings.command} offboard @person",
        )
    elif found and not unknown:
        yield Finding(CheckStatus.FINE, "Every key's owner is a full member of the workspace.")
    if unknown:
        yield Finding(
            CheckStatus.NOTE,
            f"Slack did not say whether {unknown:,} owners are full members.",
            "Run the doctor again in a minute.",
        )


def _owners(settings: Settings, workspace_id: str) -> list[str]:
    engine, direct = open_engines(settings)
    try:
        current, newest = revision(engine)
        if current != newest:
            return []
        with reading(engine) as session:
            return owners(session, workspace_id)
    finally:
        engine.dispose()
        direct.dispose()


def _some(user_ids: list[str]) -> str:
    more = f" and {len(user_ids) - _NAMED:,} more" if len(user_ids) > _NAMED else ""
    return ", ".join(user_ids[:_NAMED]) + more
