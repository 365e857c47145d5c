"""Modals: the stack that each person has, and what the app's answers to a submission do to it.

Callers hold the change: ``with workspace.change():``.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.base.errors import SlackError
from sandbox.base.ids import new_hex, new_id
from sandbox.blockkit import InvalidBlocks, check_view
from sandbox.state.input_values import elements_with_blocks, state_values, with_ids
from sandbox.state.models import Json, StateValues, View
from sandbox.state.workspace import Workspace

STACK_LIMIT = 3
"""https://docs.slack.dev/surfaces/modals"""

TROUBLE = "We had some trouble connecting. Try again?"

NO_ANSWER = object()
"""Stands for the answer to a submission that the app did not answer."""


def new_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Put a view on top of somebody's stack.

    Raises:
        SlackError: ``push_limit_reached`` where three modals are open already.
        InvalidBlocks: the view breaks Block Kit's rules.
    """
    check_view(body)
    stack = workspace.stacks.setdefault(user, [])
    if len(stack) >= STACK_LIMIT:
        raise SlackError("push_limit_reached")
    view_id = new_id("V")
    below = stack[-1] if stack else None
    root = stack[0] if stack else view_id
    view = View(view_id, "modal", user, _filled(body), new_hash(workspace), root, below)
    workspace.views[view_id] = view
    stack.append(view_id)
    return view


def replace_body(workspace: Workspace, view: View, body: Json) -> None:
    """Give an open view another body; what stands in an input stays where both its ids stay.

    An initial value counts as well, touched or not: Slack shows the one that came first, and
    ignores another until the block_id or the action_id is a new one.

    Raises:
        InvalidBlocks: the view breaks Block Kit's rules.
    """
    check_view(body)
    held = state_values(view.blocks, view.values)
    view.body = _filled(body)
    view.hash = new_hash(workspace)
    view.errors = {}
    view.notice = None
    kept: StateValues = {}
    for block, element in elements_with_blocks(view.blocks):
        entered = held.get(block["block_id"], {}).get(element["action_id"])
        if entered is not None and entered.get("type") == element.get("type"):
            kept.setdefault(block["block_id"], {})[element["action_id"]] = entered
    view.values = kept


def remove(workspace: Workspace, view: View) -> None:
    """Take one view from its stack; those above and below stay."""
    stack = workspace.stacks.get(view.user, [])
    if view.id in stack:
        stack.remove(view.id)
    workspace.views.pop(view.id, None)


def clear(workspace: Workspace, user: str) -> list[View]:
    """Take every view from somebody's stack; gives them, the topmost first."""
    taken = [workspace.views[v] for v in reversed(workspace.stacks.get(user, []))]
    for view in taken:
        remove(workspace, view)
    return taken


def apply_answer(workspace: Workspace, view: View, answer: object, since: str) -> None:
    """Do what the app answered to a submission; an answer Slack cannot read leaves its warning.

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
    """Slack takes errors about input blocks of this view alone, each a text, and at least one."""
    inputs = {b["block_id"] for b in view.blocks if b.get("type") == "input"}
    if not isinstance(errors, Mapping) or not errors or not set(errors) <= inputs:
        return False
    if not all(isinstance(text, str) and text for text in errors.values()):
        return False
    view.errors = dict(errors)
    return True


def new_hash(workspace: Workspace) -> str:
    """A view's hash; a new one at every change, so that a stale one can be told."""
    return f"{int(workspace.clock.now())}.{new_hex(8)}"


def _filled(body: Json) -> Json:
    return {**body, "blocks": with_ids(body.get("blocks", []))}
