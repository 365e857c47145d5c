"""team.*: the workspace itself."""

from sandbox.base.errors import SlackError
from sandbox.state.models import Json
from sandbox.webapi.core.call import Call, Method


def info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/team.info"""
    workspace = call.workspace
    if call.given("team") and call.args["team"] != workspace.team_id:
        raise SlackError("team_not_found")
    team = {
        "id": workspace.team_id,
        "name": workspace.team_name,
        "url": f"https://{workspace.domain}.slack.com/",
        "domain": workspace.domain,
        "email_domain": "",
        "icon": {"image_default": True},
    }
    return {"team": team}


METHODS = {"team.info": Method(info, ("team:read",))}
