"""What a user entered in a modal, by block."""

from __future__ import annotations

from typing import Any

from bot.ui import ids
from bot.ui.blocks import View


def value(view: View, block_id: str, what: str) -> Any:
    """One element's value; `what` is where Slack puts it for this kind of element."""
    values = view["state"]["values"]
    return values.get(block_now(view, block_id), {}).get(ids.VALUE, {}).get(what)


def block_now(view: View, name: str) -> str:
    """Return the block_id that the input of this name has in this view.

    A form that was opened before its inputs had versions has the name itself.
    """
    held = view["state"]["values"]
    return next((block_id for block_id in held if ids.unversioned(block_id) == name), name)


def text(view: View, block_id: str) -> str:
    """A text, empty if there is none."""
    return str(value(view, block_id, "value") or "")


def person(view: View, block_id: str) -> str | None:
    """The id of the person who was chosen."""
    chosen = value(view, block_id, "selected_user")
    return str(chosen) if chosen else None


def chosen(view: View, block_id: str) -> tuple[str, ...]:
    """The values of the boxes that were ticked."""
    return tuple(str(one["value"]) for one in value(view, block_id, "selected_options") or [])


def day(view: View, block_id: str) -> str | None:
    """Return a date as the datepicker sends it, if one was picked; a field reads it."""
    picked = value(view, block_id, "selected_date")
    return str(picked) if picked else None
