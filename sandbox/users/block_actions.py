"""Pressing and choosing: what Slack stores, and what it sends to the app."""

from sandbox.base.errors import GoneError
from sandbox.delivery.dispatcher import NotAcknowledged, Refusal
from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state.input_values import dispatches, find_element
from sandbox.state.models import Account, Json, Message, MessageRef, StateValues, SurfaceRef, View

NOT_ANSWERED: dict[Refusal, str] = {
    "operation_timeout": "Operation timed out. Apps need to respond within 3 seconds.",
    "dispatch_failed": "This app could not be reached.",
    "http_service_error": "This app responded with an error.",
}
NOT_INTERACTIVE = "This app is not configured to handle interactive responses."
_WITHOUT_STATE = frozenset(
    {"button", "workflow_button", "icon_button", "feedback_buttons", "overflow"}
)
_COPIED_FIELDS = ("text", "style", "confirm", "placeholder")


def find(
    runtime: SandboxRuntime, user: str, ref: SurfaceRef, block_id: str, action_id: str
) -> tuple[Message | View, Json, Json]:
    """Return the surface itself, the block and the element; hold the lock.

    Raises:
        GoneError: this user sees no such surface, or it no longer has such an element.
    """
    surface = runtime.workspace.surface(ref)
    if surface is None or not _can_see(runtime, user, surface):
        raise GoneError(f"{user} does not see {ref}")
    found = find_element(surface.blocks, block_id, action_id)
    if found is None:
        raise GoneError(f"there is no {block_id}/{action_id} on {ref}")
    return surface, *found


def _can_see(runtime: SandboxRuntime, user: str, surface: Message | View) -> bool:
    if isinstance(surface, View):
        return surface.user == user
    if surface.ephemeral_for not in (None, user):
        return False
    return any(m.ts == surface.ts for m in runtime.workspace.messages_for(user, surface.channel))


def store(surface: Message | View, user: str, block_id: str, action_id: str, value: Json) -> None:
    """Store what a user entered, and clear the input's error."""
    if isinstance(surface, View):
        values: StateValues = surface.values
        surface.errors.pop(block_id, None)
    else:
        values = surface.inputs.setdefault(user, {})
    values.setdefault(block_id, {})[action_id] = value


def press(
    runtime: SandboxRuntime,
    account: Account,
    ref: SurfaceRef,
    block_id: str,
    action_id: str,
    value: Json,
) -> None:
    """Store the value, and send it to the app if the block dispatches."""
    with runtime.workspace.change():
        surface, block, element = find(runtime, account.id, ref, block_id, action_id)
        if element["type"] not in _WITHOUT_STATE:
            store(surface, account.id, block_id, action_id, value)
        _set_notice(surface, account.id, None)
        if not dispatches(block):
            return
        if not runtime.workspace.manifest.interactive or not runtime.install.active:
            _set_notice(surface, account.id, NOT_INTERACTIVE)
            return
        body = _body(runtime, account, surface, _action(runtime, block_id, element, value))
    try:
        runtime.dispatcher.deliver(body, "interactive", "block_actions")
    except NotAcknowledged as error:
        with runtime.workspace.change():
            current = runtime.workspace.surface(ref)
            if current is not None:
                _set_notice(current, account.id, NOT_ANSWERED[error.code])


def _set_notice(surface: Message | View, user: str, text: str | None) -> None:
    if isinstance(surface, View):
        surface.notice = text
    elif text is None:
        surface.notices.pop(user, None)
    else:
        surface.notices[user] = text


def _action(runtime: SandboxRuntime, block_id: str, element: Json, value: Json) -> Json:
    """Return one entry of the payload's ``actions``."""
    now = runtime.workspace.clock.now()
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": f"{now:.6f}",
    }
    action |= {k: v for k, v in element.items() if k in _COPIED_FIELDS or k.startswith("initial_")}
    if element["type"] == "button":
        return action | ({"value": element["value"]} if "value" in element else {})
    return action | {k: v for k, v in value.items() if k != "type"}


def _body(runtime: SandboxRuntime, account: Account, surface: Message | View, action: Json) -> Json:
    trigger = runtime.triggers.issue(account.id)
    if isinstance(surface, View):
        return runtime.payloads.view_action(account, surface, action, trigger=trigger)
    source = MessageRef(surface.channel, surface.ts)
    secret = runtime.response_urls.issue(account.id, surface.channel, source)
    return runtime.payloads.message_action(
        account,
        surface,
        runtime.workspace.channels[surface.channel],
        action,
        trigger=trigger,
        response_url=runtime.response_url(secret),
    )


def suggest(
    runtime: SandboxRuntime,
    account: Account,
    ref: SurfaceRef,
    block_id: str,
    action_id: str,
    typed: str,
) -> list[Json]:
    """Return the app's options or groups for an external select; none if it does not answer."""
    with runtime.workspace.lock:
        surface, _, element = find(runtime, account.id, ref, block_id, action_id)
        body = _body(runtime, account, surface, {"action_id": action_id, "block_id": block_id})
    for name in ("actions", "trigger_id", "response_url", "state"):
        body.pop(name, None)
    body |= {"type": "block_suggestion", "value": typed}
    body |= {"action_id": action_id, "block_id": block_id}
    if len(typed) < element.get("min_query_length", 3):
        return []
    try:
        answer = runtime.dispatcher.deliver(body, "interactive", "block_suggestion")
    except NotAcknowledged:
        return []  # the traffic shows the failure; Slack shows an empty list
    if not isinstance(answer, dict):
        return []
    offered = answer.get("options") or answer.get("option_groups") or []
    return list(offered) if isinstance(offered, list) else []
