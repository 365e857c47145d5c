"""Read what a user entered in a modal."""

from __future__ import annotations

from typing import Any

from bot.ui import ids
from bot.ui.blocks import View


def value(view: View, block_id: str, what: str) -> Any:
    """Return one element's value; `what` is the field that this kind of element has it in."""
    values = view["state"]["values"]
    return values.get(block_now(view, block_id), {}).get(ids.VALUE, {}).get(what)


def block_now(view: View, name: str) -> str:
    """Return the block_id that the input of this name has in this view.

    In a form that was opened before inputs had versions, it is the name itself.
    """
    values = view["state"]["values"]
    return next((block_id for block_id in values if ids.unversioned(block_id) == name), name)


def text(view: View, block_id: str) -> str:
    """Return a text, empty if there is none."""
    return str(value(view, block_id, "value") or "")


def person(view: View, block_id: str) -> str | None:
    """Return the id of the user who was chosen, if any."""
    chosen = value(view, block_id, "selected_user")
    return str(chosen) if chosen else None


def chosen(view: View, block_id: str) -> tuple[str, ...]:
    """Return the values of the boxes that were ticked."""
    return tuple(str(one["value"]) for one in value(view, block_id, "selected_options") or [])


def day(view: View, block_id: str) -> str | None:
    """Return the date that was picked, if any, as text; the operation's field parses it."""
    picked = value(view, block_id, "selected_date")
    return str(picked) if picked else None
