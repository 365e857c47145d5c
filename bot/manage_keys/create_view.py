"""The modal in which a key is asked for, and what it shows afterwards."""

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
    """What stands in the modal when it opens.

    Attributes:
        owner: a user id.
        advice: why the name is a poor one; None where it is not, or nobody has looked yet.
        last_day: the last day on which the key will work; None for no end.
        latest: the latest that the team allows; None for any.
    """

    owner: str
    name: str = ""
    scopes: tuple[str, ...] = (READ,)
    note: str = ""
    advice: str | None = None
    last_day: date | None = None
    latest: date | None = None


def new_key(draft: Draft, ref: ActionPayload) -> View:
    """The modal. With advice, it also offers to use the name anyway."""
    blocks = [
        *inputs.name_inputs(draft.name, draft.advice),
        inputs.scopes(draft.scopes),
        inputs.person(ids.OWNER, "Owner", draft.owner, hint="The person who owns the key."),
        inputs.last_day(draft.last_day, draft.latest),
        inputs.note(draft.note),
    ]
    return modal(_TITLE, ids.NEW_MODAL, blocks, submit="Create key", ref=ref)


def in_progress(name: str) -> View:
    """Shown at once after the submission, while the key is being made."""
    return _result(
        _TITLE,
        sentence("Making ", text_element(name, bold=True), " …"),
        section("Its token comes in your direct messages with this app."),
    )


def made(key: KeyView) -> View:
    """The key works, and its token is in the person's DM."""
    return _result(
        "Your key is ready",
        sentence(name_of(key), " works now."),
        section("Its token is in your direct messages with this app. Store it soon."),
    )


def offered(key: KeyView) -> View:
    """The key waits for its person to take the token."""
    return _result(
        "Your key is waiting",
        sentence(name_of(key), " works once its token is taken."),
        section("A button for that is in your direct messages with this app. It waits 24 hours."),
    )


def not_made(why: str) -> View:
    """No key was made.

    Args:
        why: a sentence or two that also say what to do; shown as plain text.
    """
    return _result(
        "No key was made", {"type": "section", "text": plain_user_text(clip(redact(why), 500))}
    )


def already_asked(key: KeyView) -> View:
    """The same modal was submitted before: one key was made, not two."""
    return _result(
        "Already done", sentence("This was submitted before, and made ", name_of(key), " once.")
    )


def _result(title: str, *blocks: Block) -> View:
    return result_modal(title, blocks)
