"""The modal in which a key is asked for, and what it shows afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks import ids
from bot.blocks.parts import (
    Block,
    Element,
    View,
    clip,
    modal,
    name_of,
    plain,
    section,
    sentence,
    theirs,
    words,
)
from bot.refs import Ref
from keys.naming import GOOD_NAME, NOTE_MAX
from keys.scopes import MEANINGS, READ, SCOPES
from keys.token import redact
from keys.values import KeyView

NAME_INPUT_MAX = 200  # above what a name may have, so that what is wrong with it can be explained
ANYWAY_VALUE = "anyway"
_TITLE = "New API key"


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the modal when it opens.

    Attributes:
        owner: a user id.
        advice: why the name is a poor one; None where it is not, or nobody has looked yet.
    """

    owner: str
    name: str = ""
    scopes: tuple[str, ...] = (READ,)
    note: str = ""
    advice: str | None = None


def new_key(draft: Draft, ref: Ref) -> View:
    """The modal. With advice, it also offers to use the name anyway."""
    blocks = [
        *name_inputs(draft.name, draft.advice),
        _scopes(draft.scopes),
        _owner(draft.owner),
        _note(draft.note),
    ]
    return modal(_TITLE, ids.NEW_MODAL, blocks, submit="Create key", ref=ref)


def name_inputs(name: str, advice: str | None) -> list[Block]:
    """The input for a key's name, with what was typed before; with advice on a poor name, also
    that advice and a box to insist on the name.
    """
    if advice is None:
        return [_name(name)]
    return [_name(name), {"type": "section", "text": theirs(advice)}, _anyway()]


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
    return _input(ids.NAME, "Name", element, hint=hint)


def _input(
    block_id: str, label: str, element: Element, *, hint: str = "", optional: bool = False
) -> Block:
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


def _anyway() -> Block:
    options = [{"text": plain("Use this name anyway"), "value": ANYWAY_VALUE}]
    element: Element = {"type": "checkboxes", "action_id": ids.VALUE, "options": options}
    return _input(ids.ANYWAY, "If you are sure", element, optional=True)


def _scopes(chosen: tuple[str, ...]) -> Block:
    options = {scope: _scope(scope) for scope in SCOPES}
    element: Element = {
        "type": "checkboxes",
        "action_id": ids.VALUE,
        "options": list(options.values()),
    }
    if initial := [option for scope, option in options.items() if scope in chosen]:
        element["initial_options"] = initial
    return _input(ids.SCOPES, "Scopes", element, hint="What programs may do with the key.")


def _scope(scope: str) -> Element:
    meaning = MEANINGS[scope]
    return {"text": plain(meaning[:1].upper() + meaning[1:]), "value": scope}


def _owner(user_id: str) -> Block:
    element: Element = {
        "type": "users_select",
        "action_id": ids.VALUE,
        "initial_user": user_id,
    }
    return _input(ids.OWNER, "Owner", element, hint="Who answers for the key.")


def _note(note: str) -> Block:
    element: Element = {
        "type": "plain_text_input",
        "action_id": ids.VALUE,
        "multiline": True,
        "max_length": NOTE_MAX,
    }
    if note:
        element["initial_value"] = clip(redact(note), NOTE_MAX)
    return _input(ids.NOTE, "Note", element, optional=True)


def in_progress(name: str) -> View:
    """Shown at once after the submission, while the key is being made."""
    return _result(
        _TITLE,
        sentence("Making ", words(name, bold=True), " …"),
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
    return _result("No key was made", {"type": "section", "text": theirs(clip(redact(why), 500))})


def already_asked(key: KeyView) -> View:
    """The same modal was submitted before: one key was made, not two."""
    return _result(
        "Already done", sentence("This was submitted before, and made ", name_of(key), " once.")
    )


def _result(title: str, *blocks: Block) -> View:
    return modal(title, ids.RESULT_MODAL, blocks, close="Close")
