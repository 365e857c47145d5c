"""Open, push and update modals, and publish Homes.

All functions take views as the app sent them, check them, and return copies.
"""

import copy

from sandbox.base.errors import SlackError
from sandbox.base.ids import new_id
from sandbox.blockkit import check_view
from sandbox.state import view_stack
from sandbox.state.models import Json, View
from sandbox.state.workspace import Workspace


def open_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Open a modal as the only one on this user's stack.

    Raises:
        InvalidBlocks: Block Kit's rules are broken.
        SlackError: ``invalid_arguments`` for a Home; ``duplicate_external_id``.
    """
    _check(body, "modal")
    with workspace.change():
        _unique(workspace, body, None)
        view_stack.clear(workspace, user)
        return copy.deepcopy(view_stack.new_modal(workspace, user, body))


def push_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Push a modal onto this user's stack.

    Raises:
        InvalidBlocks, SlackError: as `open_modal`; ``not_found`` when none is open;
            ``push_limit_reached`` for a fourth.
    """
    _check(body, "modal")
    with workspace.change():
        if not workspace.stacks.get(user):
            raise SlackError("not_found")
        _unique(workspace, body, None)
        return copy.deepcopy(view_stack.new_modal(workspace, user, body))


def update_view(workspace: Workspace, view_id: str, body: Json, hash: str | None = None) -> View:
    """Replace an open view; entered values stay in inputs that are still there.

    Raises:
        InvalidBlocks, SlackError: as `open_modal`; ``not_found``; ``hash_conflict`` when the view
            has changed since `hash`.
    """
    with workspace.change():
        view = workspace.views.get(view_id)
        if view is None:
            raise SlackError("not_found")
        _check(body, view.type)
        if hash and hash != view.hash:
            raise SlackError("hash_conflict")
        _unique(workspace, body, view_id)
        view_stack.replace_body(workspace, view, body)
        return copy.deepcopy(view)


def publish_home(workspace: Workspace, user: str, body: Json, hash: str | None = None) -> View:
    """Publish a user's Home. Raises as `update_view`."""
    with workspace.change():
        known = workspace.homes.get(user)
        if known is not None:
            return update_view(workspace, known, body, hash)
        _check(body, "home")
        _unique(workspace, body, None)
        id = new_id("V")
        view = View(id, "home", user, {}, "", root_id=id)
        view_stack.replace_body(workspace, view, body)
        workspace.views[id] = view
        workspace.homes[user] = view.id
        return copy.deepcopy(view)


def _check(body: Json, kind: str) -> None:
    check_view(body)
    if body["type"] != kind:
        message = f"[ERROR] must be a view of type {kind} [json-pointer:/view/type]"
        raise SlackError("invalid_arguments", response_metadata={"messages": [message]})


def _unique(workspace: Workspace, body: Json, own: str | None) -> None:
    external = body.get("external_id")
    if external and any(
        v.body.get("external_id") == external for v in workspace.views.values() if v.id != own
    ):
        raise SlackError("duplicate_external_id")
