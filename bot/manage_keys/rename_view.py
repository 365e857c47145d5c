"""The modal for renaming a key, and its result."""

from __future__ import annotations

from bot.ui import ids
from bot.ui.blocks import View, context, modal, name_of, result_modal, sentence, text_element
from bot.ui.inputs import name_inputs
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView


def rename(key: KeyView, ref: ActionPayload, name: str = "", advice: str | None = None) -> View:
    """Render the modal.

    Args:
        ref: the payload that names the key.
        name: what the user has typed; empty for the present name.
        advice: why that name is poor; the user may use it anyway.
    """
    blocks = [
        sentence("Current name: ", name_of(key)),
        *name_inputs(name or key.name, advice),
        context(f"The token `{key.hint}` stays the same, so programs keep working."),
    ]
    return modal("Rename API key", ids.RENAME_MODAL, blocks, submit="Rename", ref=ref)


def renamed(key: KeyView, before: str) -> View:
    """Render the result; `before` is the name that the key had."""
    text = sentence(
        text_element(before, bold=True), " is now ", name_of(key), ". Its token is the same."
    )
    if key.name == before:
        text = sentence("The name is still ", name_of(key), ".")
    return result_modal("Rename API key", [text])
