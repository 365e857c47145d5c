"""auth.*, api.* and apps.*: who the caller is, and opening a Socket Mode connection."""

from sandbox.base.errors import SlackError
from sandbox.state.installation import ORGANISATION
from sandbox.state.models import Json
from sandbox.webapi.core.call import Call, Method


def auth_test(call: Call) -> Json:
    workspace, install = call.workspace, call.install
    bot = workspace.account(install.bot_user)
    team: Json = {"team": workspace.team_name, "team_id": workspace.team_id}
    if install.org_wide:
        organisation = install.enterprise_id
        team = {"team": ORGANISATION, "team_id": organisation, "enterprise_id": organisation}
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        **team,
        "user": bot.name if bot else workspace.manifest.bot_name,
        "user_id": install.bot_user,
        "bot_id": install.bot_id,
        "is_enterprise_install": install.org_wide,
    }


def api_test(call: Call) -> Json:
    """Echo the arguments; an argument called ``error`` becomes the error."""
    args = dict(call.args)
    if call.given("error"):
        raise SlackError(str(args["error"]), args=args)
    return {"args": args}


def auth_teams_list(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/auth.teams.list"""
    team: Json = {"id": call.workspace.team_id, "name": call.workspace.team_name}
    return {"teams": [team], "response_metadata": {"next_cursor": ""}}


def auth_revoke(call: Call) -> Json:
    """Revoke the token of the call; with ``test``, only pretend to."""
    is_test = str(call.args.get("test", "")).lower() in ("1", "true")
    if not is_test:
        call.install.active = False
    return {"revoked": not is_test}


def connections_open(call: Call) -> Json:
    if call.connect is None:
        raise SlackError("internal_error")
    return {"url": call.connect()}


METHODS = {
    "auth.test": Method(auth_test),
    "auth.teams.list": Method(auth_teams_list),
    "auth.revoke": Method(auth_revoke),
    "api.test": Method(api_test, caller="nobody"),
    "apps.connections.open": Method(connections_open, caller="app"),
}
