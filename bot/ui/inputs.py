"""The inputs of modals; each has one element, with the action_id VALUE.

Slack keeps the value of an input while its block_id and action_id stay the same, and then ignores
a new initial value. So an input that is redrawn with a value that must be shown gets another
block_id (`showing`); one whose entered value must survive, such as when advice is added to a form,
keeps its own. `bot.ui.form_values` reads both.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bot.ui import ids
from bot.ui.blocks import Block, Element, clip, plain, plain_user_text
from keys.credentials.tokens import redact
from keys.inputs.names import GOOD_NAME, NOTE_MAX
from keys.inputs.scopes import MEANINGS, SCOPES
from runtime.display import visible

NAME_INPUT_MAX = 200  # above the limit of a name, so that the domain can explain what is wrong
ANYWAY_VALUE = "anyway"
# The names of a key's fields (KeyUpdate), as users read them.
FIELD_NAMES = {
    "scopes": "scopes",
    "owner": "owner",
    "backup_owner": "backup owner",
    "note": "note",
    "networks": "allowed networks",
    "rate_limit": "rate limit",
    "expires_at": "expiry date",
    "last_day": "expiry date",
}


def showing(version: str, blocks: Iterable[Block]) -> list[Block]:
    """Make Slack show the values of these blocks instead of what the form had before.

    Args:
        version: differs whenever the values have to replace those in the form.
        blocks: inputs get a block_id for this version; other blocks stay as they are.
    """
    return [
        {**block, "block_id": ids.versioned(block["block_id"], version)}
        if block["type"] == "input"
        else block
        for block in blocks
    ]


def initial(text: str, limit: int) -> str:
    """Return an input's initial text, in which a user can see and remove what was hidden."""
    return clip(visible(redact(text), multiline=True), limit)


def labelled(
    block_id: str, label: str, element: Element, *, hint: str = "", optional: bool = False
) -> Block:
    """Render an input with its label; label and hint are our own words."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    if hint:
        block["hint"] = plain(hint)
    return block


def name_inputs(name: str, advice: str | None) -> list[Block]:
    """Render the input for a key's name, with what was typed before.

    With advice on a poor name, add that advice and a checkbox to use the name anyway.
    """
    if advice is None:
        return [_name(name)]
    return [_name(name), {"type": "section", "text": plain_user_text(advice)}, _anyway()]


def _name(name: str) -> Block:
    element: Element = {
        "type": "plain_text_input",
        "action_id": ids.VALUE,
        "max_length": NAME_INPUT_MAX,
        "placeholder": plain(GOOD_NAME),
        "focus_on_load": True,
    }
    if name:
        element["initial_value"] = initial(name, NAME_INPUT_MAX)
    hint = "Which program uses it, and where. Up to 80 characters."
    return labelled(ids.NAME, "Name", element, hint=hint)


def _anyway() -> Block:
    options = [{"text": plain("Use this name anyway"), "value": ANYWAY_VALUE}]
    element: Element = {"type": "checkboxes", "action_id": ids.VALUE, "options": options}
    return labelled(ids.ANYWAY, "If you are sure", element, optional=True)


def scopes(chosen: tuple[str, ...]) -> Block:
    """Render the checkboxes for what programs may do with the key."""
    options = {scope: _scope(scope) for scope in SCOPES}
    element: Element = {
        "type": "checkboxes",
        "action_id": ids.VALUE,
        "options": list(options.values()),
    }
    if initial := [option for scope, option in options.items() if scope in chosen]:
        element["initial_options"] = initial
    return labelled(ids.SCOPES, "Scopes", element, hint="What programs may do with the key.")


def _scope(scope: str) -> Element:
    meaning = MEANINGS[scope]
    return {"text": plain(meaning[:1].upper() + meaning[1:]), "value": scope}


def person(
    block_id: str, label: str, user_id: str | None, *, hint: str = "", optional: bool = False
) -> Block:
    """Render a menu to choose one user from."""
    element: Element = {"type": "users_select", "action_id": ids.VALUE}
    if user_id:
        element["initial_user"] = user_id
    return labelled(block_id, label, element, hint=hint, optional=optional)


def text(
    block_id: str,
    label: str,
    value: str,
    *,
    most: int,
    hint: str = "",
    multiline: bool = False,
    optional: bool = True,
) -> Block:
    """Render a text input for at most `most` characters, with its present value."""
    element: Element = {
        "type": "plain_text_input",
        "action_id": ids.VALUE,
        "max_length": most,
        "multiline": multiline,
    }
    if value:
        element["initial_value"] = initial(value, most)
    return labelled(block_id, label, element, hint=hint, optional=optional)


def note(value: str) -> Block:
    """Render the input for a key's note."""
    return text(ids.NOTE, "Note", value, most=NOTE_MAX, multiline=True)


def last_day(value: date | None, latest: date | None) -> Block:
    """Render the date picker for the last day on which a key works.

    Args:
        latest: the latest day that the team allows; None if a key need not expire.
    """
    element: Element = {"type": "datepicker", "action_id": ids.VALUE}
    if value is not None:
        element["initial_date"] = value.isoformat()
    if latest is None:
        hint = "The last day on which the key works. Without a date, it never expires."
    else:
        hint = f"The last day on which the key works, {latest} at the latest."
    return labelled(ids.LAST_DAY, "Expires", element, hint=hint, optional=latest is None)
