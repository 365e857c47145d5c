"""The interactive elements of a message or view, and their values."""

from collections.abc import Iterator

from sandbox.base.ids import short_block_id
from sandbox.state.models import Json, StateValues

_INITIAL = {
    "initial_value": "value",
    "initial_option": "selected_option",
    "initial_options": "selected_options",
    "initial_user": "selected_user",
    "initial_users": "selected_users",
    "initial_channel": "selected_channel",
    "initial_channels": "selected_channels",
    "initial_conversation": "selected_conversation",
    "initial_conversations": "selected_conversations",
    "initial_date": "selected_date",
    "initial_time": "selected_time",
    "initial_date_time": "selected_date_time",
}
_VALUE_FIELD = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "checkboxes": "selected_options",
    "radio_buttons": "selected_option",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_LIST_KINDS = frozenset(kind for kind, name in _VALUE_FIELD.items() if name.endswith("s"))


def elements_of(block: Json) -> list[Json]:
    """Return the interactive elements of one block: those with an action_id."""
    if block.get("type") == "input":
        found = [block.get("element")]
    elif block.get("type") == "section":
        found = [block.get("accessory")]
    elif block.get("type") in ("actions", "context_actions"):
        found = list(block.get("elements", []))
    else:
        found = []
    return [element for element in found if element and "action_id" in element]


def elements_with_blocks(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield every interactive element with its block, in reading order."""
    for block in blocks:
        for element in elements_of(block):
            yield block, element


def find_element(blocks: list[Json], block_id: str, action_id: str) -> tuple[Json, Json] | None:
    """Return the block and the element with these ids, or None."""
    for block, element in elements_with_blocks(blocks):
        if block.get("block_id") == block_id and element["action_id"] == action_id:
            return block, element
    return None


def with_ids(blocks: list[Json]) -> list[Json]:
    """Return copies of blocks with the ids that the app left out, as Slack fills them in."""
    filled = []
    for block in blocks:
        made = {**block, "block_id": block.get("block_id") or short_block_id()}
        for name in ("element", "accessory"):
            if isinstance(block.get(name), dict):
                made[name] = _with_action_id(block[name])
        if block.get("type") in ("actions", "context_actions"):
            made["elements"] = [_with_action_id(e) for e in block.get("elements", [])]
        filled.append(made)
    return filled


def _with_action_id(element: Json) -> Json:
    if element.get("type") == "image" or element.get("action_id"):
        return element
    return {**element, "action_id": short_block_id()}


def initial_value(element: Json) -> Json | None:
    """Return an element's value before any input; None for elements without a value."""
    kind = element.get("type", "")
    if kind not in _VALUE_FIELD:
        return None
    name = _VALUE_FIELD[kind]
    held: Json = {"type": kind, name: [] if kind in _LIST_KINDS else None}
    for given, value_field in _INITIAL.items():
        if given in element:
            held["rich_text_value" if kind == "rich_text_input" else value_field] = element[given]
    return held


def state_values(blocks: list[Json], entered: StateValues) -> StateValues:
    """Return Slack's ``state.values``: what was entered, else the initial values."""
    values: StateValues = {}
    for block, element in elements_with_blocks(blocks):
        block_id, action_id = block["block_id"], element["action_id"]
        held = entered.get(block_id, {}).get(action_id) or initial_value(element)
        if held is not None and element.get("type") in _VALUE_FIELD:
            values.setdefault(block_id, {})[action_id] = held
    return values


def is_empty(value: Json) -> bool:
    """Return whether an input is empty, so that a required one cannot be submitted."""
    held = [v for k, v in value.items() if k != "type"]
    return all(v is None or v == "" or v == [] for v in held)


def dispatches(block: Json) -> bool:
    """Return whether an action in this block is sent to the app at once."""
    return block.get("type") != "input" or bool(block.get("dispatch_action"))
