"""Modals on people's stacks and their Homes: opening, pushing, updating, publishing, closing.

The Web API and the answers to submissions both go through here. All functions take views as the
app gave them, check them, and return copies.
"""

import copy

from sandbox.blockkit import check_view
from sandbox.errors import SlackError
from sandbox.ids import new_id, new_secret
from sandbox.model import Json, StateValues, View
from sandbox.webapi.filling import filled
from sandbox.workspace import Workspace

STACK = 3
"""How many modals may stand on one another (https://docs.slack.dev/surfaces/modals)."""


def open_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Open a modal as the only one of this person's stack.

    Raises:
        InvalidBlocks: Block Kit's rules are broken.
        SlackError: ``invalid_arguments`` for a Home; ``duplicate_external_id``.
    """
    made = _checked(body, "modal")
    with workspace.change():
        _unique(workspace, made, None)
        close_all(workspace, user)
        return _put_on(workspace, user, made)


def push_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Put a modal on top of this person's stack.

    Raises:
        InvalidBlocks, SlackError: as `open_modal`; ``not_found`` when none is open;
            ``push_limit_reached`` for a fourth.
    """
    made = _checked(body, "modal")
    with workspace.change():
        stack = workspace.stacks.get(user, [])
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        _unique(workspace, made, None)
        return _put_on(workspace, user, made)


def update_view(workspace: Workspace, view_id: str, body: Json, hash: str | None = None) -> View:
    """Replace what an open view shows; what was entered stays where its input is still there.

    Raises:
        InvalidBlocks, SlackError: as `open_modal`; ``not_found``; ``hash_conflict`` when the view
            has changed since `hash`.
    """
    with workspace.change():
        view = workspace.views.get(view_id)
        if view is None:
            raise SlackError("not_found")
        made = _checked(body, view.type)
        if hash and hash != view.hash:
            raise SlackError("hash_conflict")
        _unique(workspace, made, view_id)
        view.values = _still_there(view.values, made)
        view.body, view.hash = made, _new_hash(workspace)
        view.errors, view.notice, view.waiting = {}, None, False
        return copy.deepcopy(view)


def publish_home(workspace: Workspace, user: str, body: Json, hash: str | None = None) -> View:
    """Show somebody's Home anew. Raises as `update_view`."""
    with workspace.change():
        known = workspace.homes.get(user)
        if known is not None:
            return update_view(workspace, known, body, hash)
        made = _checked(body, "home")
        _unique(workspace, made, None)
        view = _new(workspace, user, made, previous=None, root=None)
        workspace.homes[user] = view.id
        return copy.deepcopy(view)


def close_top(workspace: Workspace, user: str) -> View | None:
    """Close the topmost modal; returns it, or None when there is none."""
    with workspace.change():
        stack = workspace.stacks.get(user, [])
        return workspace.views.pop(stack.pop()) if stack else None


def close_all(workspace: Workspace, user: str) -> list[View]:
    """Close the whole stack; returns what was on it, the topmost first."""
    closed = []
    with workspace.change():
        while (view := close_top(workspace, user)) is not None:
            closed.append(view)
    return closed


def _checked(body: Json, kind: str) -> Json:
    check_view(body)
    if body["type"] != kind:
        message = f"[ERROR] must be a view of type {kind} [json-pointer:/view/type]"
        raise SlackError("invalid_arguments", response_metadata={"messages": [message]})
    return {**copy.deepcopy(body), "blocks": filled(body["blocks"])}


def _unique(workspace: Workspace, body: Json, own: str | None) -> None:
    external = body.get("external_id")
    if external and any(
        v.body.get("external_id") == external for v in workspace.views.values() if v.id != own
    ):
        raise SlackError("duplicate_external_id")


def _put_on(workspace: Workspace, user: str, body: Json) -> View:
    stack = workspace.stacks.setdefault(user, [])
    view = _new(
        workspace,
        user,
        body,
        previous=stack[-1] if stack else None,
        root=stack[0] if stack else None,
    )
    stack.append(view.id)
    return copy.deepcopy(view)


def _new(
    workspace: Workspace, user: str, body: Json, *, previous: str | None, root: str | None
) -> View:
    id = new_id("V")
    view = View(
        id=id,
        type=body["type"],
        user=user,
        body=body,
        hash=_new_hash(workspace),
        root_id=root or id,
        previous_id=previous,
    )
    workspace.views[id] = view
    return view


def _new_hash(workspace: Workspace) -> str:
    return f"{int(workspace.clock.now())}.{new_secret(8)}"


def _still_there(values: StateValues, body: Json) -> StateValues:
    there = set()
    for block in body["blocks"]:
        elements = [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]
        there |= {(block["block_id"], e.get("action_id")) for e in elements if e}
    return {
        block: kept
        for block, actions in values.items()
        if (kept := {a: v for a, v in actions.items() if (block, a) in there})
    }
