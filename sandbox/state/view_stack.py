"""Each user's stack of modals, and how the app's answers to a submission change it.

Callers hold the change: ``with workspace.change():``.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.base.errors import SlackError
from sandbox.base.ids import new_hex, new_id
from sandbox.blockkit import InvalidBlocks, check_view
from sandbox.blockkit.base.limits import MODAL_STACK
from sandbox.state.input_values import elements_with_blocks, state_values, with_ids
from sandbox.state.models import Json, StateValues, View
from sandbox.state.workspace import Workspace

TROUBLE = "We had some trouble connecting. Try again?"

NO_ANSWER = object()
"""The answer to a submission that the app did not acknowledge."""


def new_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Push a view onto a user's stack.

    Raises:
        SlackError: ``push_limit_reached`` where three modals are open already.
        InvalidBlocks: the view breaks Block Kit's rules.
    """
    check_view(body)
    stack = workspace.stacks.setdefault(user, [])
    if len(stack) >= MODAL_STACK:
        raise SlackError("push_limit_reached")
    view_id = new_id("V")
    below = stack[-1] if stack else None
    root = stack[0] if stack else view_id
    view = View(view_id, "modal", user, _filled(body), new_hash(workspace), root, below)
    workspace.views[view_id] = view
    stack.append(view_id)
    return view


def replace_body(workspace: Workspace, view: View, body: Json) -> None:
    """Replace an open view's body; an input keeps its value while both its ids stay the same.

    An initial value counts as well, touched or not: Slack shows the first one, and ignores another
    until the block_id or the action_id changes.

    Raises:
        InvalidBlocks: the view breaks Block Kit's rules.
    """
    check_view(body)
    held = state_values(view.blocks, view.values)
    view.body = _filled(body)
    view.hash = new_hash(workspace)
    view.errors = {}
    view.notice = None
    values: StateValues = {}
    for block, element in elements_with_blocks(view.blocks):
        entered = held.get(block["block_id"], {}).get(element["action_id"])
        if entered is not None and entered.get("type") == element.get("type"):
            values.setdefault(block["block_id"], {})[element["action_id"]] = entered
    view.values = values


def remove(workspace: Workspace, view: View) -> None:
    """Remove one view from its stack; those above and below stay."""
    stack = workspace.stacks.get(view.user, [])
    if view.id in stack:
        stack.remove(view.id)
    workspace.views.pop(view.id, None)


def clear(workspace: Workspace, user: str) -> list[View]:
    """Remove every view from a user's stack; returns them, the topmost first."""
    taken = [workspace.views[v] for v in reversed(workspace.stacks.get(user, []))]
    for view in taken:
        remove(workspace, view)
    return taken


def apply_answer(workspace: Workspace, view: View, answer: object, since: str) -> None:
    """Apply the app's answer to a submission; Slack's warning appears if it is invalid.

    Args:
        since: the view's hash when it was submitted. Where the app has called ``views.update``
            after it answered, this thread may come to the answer later than to the call; the older
            body in the answer then does not replace the newer one.
    """
    if answer is None or answer in ("", {}):
        remove(workspace, view)
        return
    if not isinstance(answer, Mapping):
        view.notice = TROUBLE
        return
    try:
        understood = _apply(workspace, view, answer, since)
    except (InvalidBlocks, SlackError):
        understood = False
    if not understood:
        view.notice = TROUBLE


def _apply(workspace: Workspace, view: View, answer: Mapping[str, Any], since: str) -> bool:
    match answer.get("response_action"):
        case "errors":
            return _put_errors(view, answer.get("errors"))
        case "update" if isinstance(answer.get("view"), dict):
            if view.hash == since:
                replace_body(workspace, view, answer["view"])
        case "push" if isinstance(answer.get("view"), dict):
            new_modal(workspace, view.user, answer["view"])
        case "clear":
            clear(workspace, view.user)
        case _:
            return False
    return True


def _put_errors(view: View, errors: object) -> bool:
    """Show the app's errors; returns False unless each is a text about an input of this view."""
    inputs = {b["block_id"] for b in view.blocks if b.get("type") == "input"}
    if not isinstance(errors, Mapping) or not errors or not set(errors) <= inputs:
        return False
    if not all(isinstance(text, str) and text for text in errors.values()):
        return False
    view.errors = dict(errors)
    return True


def new_hash(workspace: Workspace) -> str:
    """Return a new view hash; it changes with every change, so that stale ones are refused."""
    return f"{int(workspace.clock.now())}.{new_hex(8)}"


def _filled(body: Json) -> Json:
    return {**body, "blocks": with_ids(body.get("blocks", []))}
