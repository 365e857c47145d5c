"""The inputs that modals are made of; each has one element, of the action_id VALUE.

Slack keeps what stands in an input while its block_id and action_id stay the same, and then ignores
a new initial value. So an input that is redrawn with a value that must be shown gets another
block_id (`showing`); one whose entered value must survive, as where advice is added to a form,
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

NAME_INPUT_MAX = 200  # above what a name may have, so that what is wrong with it can be explained
ANYWAY_VALUE = "anyway"
# What people call the fields of a key.
FIELD_NAMES = {
    "scopes": "scopes",
    "owner": "owner",
    "backup_owner": "backup owner",
    "note": "note",
    "networks": "allowed networks",
    "rate_limit": "rate limit",
    "expires_at": "date of expiry",
}


def showing(version: str, blocks: Iterable[Block]) -> list[Block]:
    """Make Slack show the values that these blocks bring, over what stood in the form before.

    Args:
        version: differs whenever the values have to replace those in the form.
        blocks: inputs get their block_id for this version, other blocks stay as they are.
    """
    return [
        {**block, "block_id": ids.versioned(block["block_id"], version)}
        if block["type"] == "input"
        else block
        for block in blocks
    ]


def labelled(
    block_id: str, label: str, element: Element, *, hint: str = "", optional: bool = False
) -> Block:
    """An input with its label; label and hint are our own words."""
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
    """The input for a key's name, with what was typed before; with advice on a poor name, also
    that advice and a box to insist on the name.
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
        element["initial_value"] = clip(redact(name), NAME_INPUT_MAX)
    hint = "Which program uses it, and where. Up to 80 characters."
    return labelled(ids.NAME, "Name", element, hint=hint)


def _anyway() -> Block:
    options = [{"text": plain("Use this name anyway"), "value": ANYWAY_VALUE}]
    element: Element = {"type": "checkboxes", "action_id": ids.VALUE, "options": options}
    return labelled(ids.ANYWAY, "If you are sure", element, optional=True)


def scopes(chosen: tuple[str, ...]) -> Block:
    """What programs may do with the key."""
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
    """A choice of one person."""
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
    """A text of at most so many characters, with what was there before."""
    element: Element = {
        "type": "plain_text_input",
        "action_id": ids.VALUE,
        "max_length": most,
        "multiline": multiline,
    }
    if value:
        element["initial_value"] = clip(redact(value), most)
    return labelled(block_id, label, element, hint=hint, optional=optional)


def note(value: str) -> Block:
    """More about the key, for the people who look at it."""
    return text(ids.NOTE, "Note", value, most=NOTE_MAX, multiline=True)


def last_day(value: date | None, latest: date | None) -> Block:
    """The last day on which a key works.

    Args:
        latest: the latest day that the team allows; None if a key need not end at all.
    """
    element: Element = {"type": "datepicker", "action_id": ids.VALUE}
    if value is not None:
        element["initial_date"] = value.isoformat()
    if latest is None:
        hint = "The last day on which the key works. Without one it works until it is revoked."
    else:
        hint = f"The last day on which the key works. Up to {latest} here."
    return labelled(ids.LAST_DAY, "Expires", element, hint=hint, optional=latest is None)
