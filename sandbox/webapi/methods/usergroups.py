"""usergroups.*: groups of people that can be mentioned together."""

from sandbox.base.errors import SlackError
from sandbox.state.models import Json, Usergroup
from sandbox.webapi.core.call import Call, Method
from sandbox.webapi.core.serializers import usergroup_json

_READ = ("usergroups:read",)


def list_(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.list"""
    call.need_team()
    with call.workspace.lock:
        groups = [
            _usergroup_json(call, group)
            for group in call.workspace.usergroups.values()
            if not group.disabled or call.flag("include_disabled")
        ]
    return {"usergroups": groups}


def users_list(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.users.list"""
    call.need_team()
    wanted = call.text("usergroup")
    with call.workspace.lock:
        group = call.workspace.usergroups.get(wanted)
        if group is None or (group.disabled and not call.flag("include_disabled")):
            raise SlackError("no_such_subteam")
        return {"users": list(group.members)}


def _usergroup_json(call: Call, group: Usergroup) -> Json:
    body = usergroup_json(call.workspace, group)
    if not call.flag("include_count"):
        del body["user_count"]
    if call.flag("include_users"):
        body["users"] = list(group.members)
    return body


METHODS = {
    "usergroups.list": Method(list_, _READ),
    "usergroups.users.list": Method(users_list, _READ),
}
