"""users.*: the people in the workspace."""

from sandbox.base.errors import SlackError
from sandbox.state.models import Account, Json
from sandbox.webapi.core.call import Call, Method
from sandbox.webapi.core.pagination import page
from sandbox.webapi.core.serializers import account_json


def info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.info"""
    account = call.workspace.account(call.text("user", missing="user_not_found"))
    if account is None:
        raise SlackError("user_not_found")
    return {"user": _user_json(call, account)}


def list_(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.list"""
    call.need_team()
    with call.workspace.lock:
        accounts, metadata = page(call, list(call.workspace.accounts.values()), default=1000)
        members = [_user_json(call, a) for a in accounts]
    now = int(call.workspace.clock.now())
    return {"members": members, "cache_ts": now, "response_metadata": metadata}


def lookup_by_email(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.lookupByEmail"""
    email = call.text("email", missing="users_not_found").lower()
    for account in call.workspace.people():
        if account.email.lower() == email and not account.deleted and not account.is_outsider:
            return {"user": _user_json(call, account)}
    raise SlackError("users_not_found")


def _user_json(call: Call, account: Account) -> Json:
    with_email = "users:read.email" in call.install.scopes
    return account_json(call.workspace, call.install, account, with_email=with_email)


METHODS = {
    "users.info": Method(info, ("users:read",)),
    "users.list": Method(list_, ("users:read",)),
    "users.lookupByEmail": Method(lookup_by_email, ("users:read.email",)),
}
