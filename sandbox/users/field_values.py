"""Turn what a test enters into Slack's values."""

from collections.abc import Iterable
from typing import Any

from sandbox.state.models import Json
from sandbox.state.workspace import Workspace

_TEXTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
_PICKED = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_ONE_OPTION = frozenset({"static_select", "radio_buttons", "overflow"})
_MANY_OPTIONS = frozenset({"multi_static_select", "checkboxes"})
_ONE_ID = {
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
}


def value_for(workspace: Workspace, element: Json, given: Any) -> Json:
    """Return the value of an element, shaped as in ``state.values``.

    Args:
        given: a text, a number, a date as text; the label or value of an option, or several; the
            name or id of a person or channel, or any object with an `id`.

    Raises:
        AssertionError: the element does not offer that.
    """
    kind = element["type"]
    if kind in _TEXTS:
        return {"type": kind, "value": str(given) if given not in (None, "") else None}
    if kind in _PICKED:
        return {"type": kind, _PICKED[kind]: given}
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": option_named(element, str(given))}
    if kind in _MANY_OPTIONS:
        chosen = [option_named(element, name) for name in _several(given)]
        return {"type": kind, "selected_options": chosen}
    if kind in _ONE_ID:
        return {"type": kind, _ONE_ID[kind]: id_of(workspace, given)}
    if kind.removeprefix("multi_") in _ONE_ID:
        ids = [id_of(workspace, one) for one in _several(given)]
        return {"type": kind, _ONE_ID[kind.removeprefix("multi_")] + "s": ids}
    raise AssertionError(f"nothing can be entered into a {kind} here")


def option_named(element: Json, name: str) -> Json:
    """Return the option with this value, or with this label in any case."""
    groups = [group["options"] for group in element.get("option_groups", [])]
    options: list[Json] = [o for group in (element.get("options", []), *groups) for o in group]
    for option in options:
        if name == option.get("value") or name.lower() == option["text"]["text"].lower():
            return option
    offered = ", ".join(repr(o["text"]["text"]) for o in options)
    raise AssertionError(f"there is no option {name!r}; there are {offered or 'none'}")


def id_of(workspace: Workspace, given: Any) -> str:
    """Return the id of a person or channel, given as an object, a name or an id."""
    if not isinstance(given, str):
        return str(given.id)
    found = workspace.account_named(given) or workspace.channel_named(given)
    return found.id if found else given


def _several(given: Any) -> Iterable[Any]:
    return [given] if isinstance(given, str) or not isinstance(given, Iterable) else given
