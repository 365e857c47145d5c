"""Renaming a key: the modal and its outcome."""

from __future__ import annotations

from bot.ui import ids
from bot.ui.blocks import View, context, modal, name_of, result_modal, sentence, text_element
from bot.ui.inputs import name_inputs
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView


def rename(key: KeyView, ref: ActionPayload, name: str = "", advice: str | None = None) -> View:
    """The modal.

    Args:
        key: as it stands.
        ref: says which key.
        name: what the person has typed already; the present name otherwise.
        advice: why that name is a poor one; the person may insist.
    """
    blocks = [
        sentence("The name now: ", name_of(key)),
        *name_inputs(name or key.name, advice),
        context(f"The token `{key.hint}` stays the same, and programs keep working."),
    ]
    return modal("Rename API key", ids.RENAME_MODAL, blocks, submit="Rename", ref=ref)


def renamed(key: KeyView, before: str) -> View:
    """The outcome; `before` is the name that the key had."""
    text = sentence(
        text_element(before, bold=True), " is now ", name_of(key), ". Its token is the same."
    )
    if key.name == before:
        text = sentence("The name is still ", name_of(key), ".")
    return result_modal("Rename API key", [text])
