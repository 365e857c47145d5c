"""Pressing and choosing: what is stored, and what the app is told."""

from sandbox.base.errors import SandboxError
from sandbox.delivery.dispatcher import NotAcknowledged, Refusal
from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state.input_values import dispatches, find_element
from sandbox.state.models import Account, Json, Message, MessageRef, StateValues, Surface, View

NOT_ANSWERED: dict[Refusal, str] = {
    "operation_timeout": "Operation timed out. Apps need to respond within 3 seconds.",
    "dispatch_failed": "This app could not be reached.",
    "http_service_error": "This app responded with an error.",
}
NOT_INTERACTIVE = "This app is not configured to handle interactive responses."
_STATELESS = frozenset({"button", "workflow_button", "icon_button", "feedback_buttons", "overflow"})
_SHOWN = ("text", "style", "confirm", "placeholder")


def find(
    wiring: SandboxRuntime, user: str, where: Surface, block_id: str, action_id: str
) -> tuple[Message | View, Json, Json]:
    """The very surface, the block and the element; hold the lock.

    Raises:
        SandboxError: this person sees no such surface, or it has no such element any more.
    """
    surface = wiring.workspace.surface(where)
    if surface is None or not _sees(wiring, user, surface):
        raise SandboxError(f"{user} does not see {where}")
    found = find_element(surface.blocks, block_id, action_id)
    if found is None:
        raise SandboxError(f"there is no {block_id}/{action_id} on {where}")
    return surface, *found


def _sees(wiring: SandboxRuntime, user: str, surface: Message | View) -> bool:
    if isinstance(surface, View):
        return surface.user == user
    if surface.ephemeral_for not in (None, user):
        return False
    return any(m.ts == surface.ts for m in wiring.workspace.messages_for(user, surface.channel))


def store(surface: Message | View, user: str, block_id: str, action_id: str, value: Json) -> None:
    """Keep what somebody entered; what was wrong with this input before is no longer said."""
    if isinstance(surface, View):
        values: StateValues = surface.values
        surface.errors.pop(block_id, None)
    else:
        values = surface.inputs.setdefault(user, {})
    values.setdefault(block_id, {})[action_id] = value


def press(
    wiring: SandboxRuntime,
    account: Account,
    where: Surface,
    block_id: str,
    action_id: str,
    value: Json,
) -> None:
    """Store the value, and tell the app where it is to be told."""
    with wiring.workspace.change():
        surface, block, element = find(wiring, account.id, where, block_id, action_id)
        if element["type"] not in _STATELESS:
            store(surface, account.id, block_id, action_id, value)
        _note(surface, account.id, None)
        if not dispatches(block):
            return
        if not wiring.workspace.manifest.interactive or not wiring.install.active:
            _note(surface, account.id, NOT_INTERACTIVE)
            return
        body = _body(wiring, account, surface, _action(wiring, block_id, element, value))
    try:
        wiring.courier.deliver(body, "interactive", "block_actions")
    except NotAcknowledged as error:
        with wiring.workspace.change():
            still = wiring.workspace.surface(where)
            if still is not None:
                _note(still, account.id, NOT_ANSWERED[error.code])


def _note(surface: Message | View, user: str, words: str | None) -> None:
    if isinstance(surface, View):
        surface.notice = words
    elif words is None:
        surface.notices.pop(user, None)
    else:
        surface.notices[user] = words


def _action(wiring: SandboxRuntime, block_id: str, element: Json, value: Json) -> Json:
    """One entry of the payload's ``actions``."""
    now = wiring.workspace.clock.now()
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": f"{now:.6f}",
    }
    action |= {k: v for k, v in element.items() if k in _SHOWN or k.startswith("initial_")}
    if element["type"] == "button":
        return action | ({"value": element["value"]} if "value" in element else {})
    return action | {k: v for k, v in value.items() if k != "type"}


def _body(wiring: SandboxRuntime, account: Account, surface: Message | View, action: Json) -> Json:
    trigger = wiring.triggers.issue(account.id)
    if isinstance(surface, View):
        return wiring.payloads.view_action(account, surface, action, trigger=trigger)
    source = MessageRef(surface.channel, surface.ts)
    secret = wiring.urls.issue(account.id, surface.channel, source)
    return wiring.payloads.message_action(
        account,
        surface,
        wiring.workspace.channels[surface.channel],
        action,
        trigger=trigger,
        response_url=wiring.response_url(secret),
    )


def suggest(
    wiring: SandboxRuntime,
    account: Account,
    where: Surface,
    block_id: str,
    action_id: str,
    typed: str,
) -> list[Json]:
    """What an external select offers: the app's options or groups; none where it is silent."""
    with wiring.workspace.lock:
        surface, _, element = find(wiring, account.id, where, block_id, action_id)
        body = _body(wiring, account, surface, {"action_id": action_id, "block_id": block_id})
    for name in ("actions", "trigger_id", "response_url", "state"):
        body.pop(name, None)
    body |= {"type": "block_suggestion", "value": typed}
    body |= {"action_id": action_id, "block_id": block_id}
    if len(typed) < element.get("min_query_length", 3):
        return []
    try:
        answer = wiring.courier.deliver(body, "interactive", "block_suggestion")
    except NotAcknowledged:
        return []  # the traffic says so; Slack shows an empty list
    if not isinstance(answer, dict):
        return []
    offered = answer.get("options") or answer.get("option_groups") or []
    return list(offered) if isinstance(offered, list) else []
