"""views.*: modals and Homes."""

from sandbox.base.errors import SlackError
from sandbox.blockkit import check_view
from sandbox.delivery.payloads import Payloads
from sandbox.state.models import Json, View
from sandbox.webapi.core import modals
from sandbox.webapi.core.call import Call, Method


def open_(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.open"""
    body = _body(call)
    user = call.triggers.spend(_trigger(call))
    return _response(call, modals.open_modal(call.workspace, user, body))


def push(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.push"""
    body = _body(call)
    user = call.triggers.spend(_trigger(call))
    return _response(call, modals.push_modal(call.workspace, user, body))


def update(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.update"""
    body = _body(call)
    return _response(call, modals.update_view(call.workspace, _view_id(call), body, _hash(call)))


def publish(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.publish"""
    user = call.text("user_id")
    body = _body(call)
    if not call.workspace.manifest.home_tab:
        raise SlackError("not_enabled")
    account = call.workspace.account(user)
    if account is None or account.is_bot or account.deleted:
        raise SlackError("user_not_found")
    return _response(call, modals.publish_home(call.workspace, account.id, body, _hash(call)))


def _body(call: Call) -> Json:
    # Checked before the trigger is spent: an invalid view leaves it usable.
    if not call.given("view"):
        call.text("view")
    body = call.json("view")
    check_view(body)
    checked: Json = body
    return checked


def _trigger(call: Call) -> str:
    if call.given("trigger_id"):
        return call.text("trigger_id")
    return call.text("interactivity_pointer")


def _hash(call: Call) -> str | None:
    return call.text("hash") if call.given("hash") else None


def _view_id(call: Call) -> str:
    if call.given("view_id"):
        return call.text("view_id")
    external = call.text("external_id")
    with call.workspace.lock:
        for view in call.workspace.views.values():
            if view.body.get("external_id") == external:
                return view.id
    raise SlackError("not_found")


def _response(call: Call, view: View) -> Json:
    return {"view": Payloads(call.workspace, call.install).view(view)}


METHODS = {
    "views.open": Method(open_),
    "views.push": Method(push),
    "views.update": Method(update),
    "views.publish": Method(publish),
}
