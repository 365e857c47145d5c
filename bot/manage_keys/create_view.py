"""The modal for a new key, and what it shows after it is submitted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.ui import ids, inputs
from bot.ui.blocks import (
    Block,
    View,
    clip,
    modal,
    name_of,
    plain_user_text,
    result_modal,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.credentials.tokens import redact
from keys.inputs.scopes import READ

_TITLE = "New API key"


@dataclass(frozen=True, slots=True)
class Draft:
    """The values with which the modal opens.

    Attributes:
        owner: a user id.
        advice: why the name is poor; None if it is not, or was not checked yet.
        last_day: the last day on which the key works; None for no expiry.
        latest: the latest day that the team allows; None for any.
    """

    owner: str
    name: str = ""
    scopes: tuple[str, ...] = (READ,)
    note: str = ""
    advice: str | None = None
    last_day: date | None = None
    latest: date | None = None


def new_key(draft: Draft, ref: ActionPayload) -> View:
    """Render the modal. With advice, it also offers to use the name anyway."""
    blocks = [
        *inputs.name_inputs(draft.name, draft.advice),
        inputs.scopes(draft.scopes),
        inputs.person(ids.OWNER, "Owner", draft.owner, hint="The person who owns the key."),
        inputs.last_day(draft.last_day, draft.latest),
        inputs.note(draft.note),
    ]
    return modal(_TITLE, ids.NEW_MODAL, blocks, submit="Create key", ref=ref)


def in_progress(name: str) -> View:
    """Render what is shown while the token is being delivered."""
    return _result(
        _TITLE,
        sentence("Creating ", text_element(name, bold=True), " …"),
        section("We'll send you its token in a direct message."),
    )


def created(key: KeyView) -> View:
    """Render that the key works and its token was sent to the user."""
    return _result(
        "Your key is ready",
        sentence(name_of(key), " works now."),
        section("Its token is in your direct messages with this app. Store it soon."),
    )


def reveal_pending(key: KeyView) -> View:
    """Render that the key works once its recipient collects the token."""
    return _result(
        "Your key is waiting",
        sentence(name_of(key), " works once you collect its token."),
        section("Use the button in your direct messages with this app within 24 hours."),
    )


def creation_failed(error: str) -> View:
    """Render that no key was created.

    Args:
        error: a sentence or two that also say what to do; shown as plain text.
    """
    return _result(
        "No key was created",
        {"type": "section", "text": plain_user_text(clip(redact(error), 500))},
    )


def already_submitted(key: KeyView) -> View:
    """Render that the same modal was submitted before and created one key."""
    return _result(
        "Already done",
        sentence("This form was submitted before. It created ", name_of(key), " once."),
    )


def _result(title: str, *blocks: Block) -> View:
    return result_modal(title, blocks)
