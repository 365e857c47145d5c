"""The modal for rotating a key, its result, and the live message about the rotation."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.ui import ids, inputs
from bot.ui.blocks import (
    AGO,
    Block,
    Element,
    Message,
    View,
    actions,
    button,
    code,
    confirm_dialog,
    context,
    date,
    fields,
    format_time,
    message,
    modal,
    name_of,
    person,
    plain,
    plain_user_text,
    result_modal,
    section,
    sentence,
)
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.rotation.grace import GRACE_DEFAULT, GRACES
from keys.rotation.queries import RotationView, Stage

_TITLE = "Rotate API key"
_HOUR = timedelta(hours=1)


def rotate(
    key: KeyView, recipient: str | None, ref: ActionPayload, *, is_leaked: bool = False
) -> View:
    """Render the modal.

    Args:
        is_leaked: whether a token of it was found in a message; the old one is revoked at once
            then, unless the user chooses otherwise.
        recipient: the id of the user who is proposed for the new token; None for an owner, who
            gets it themselves.
    """
    blocks: list[Block] = [
        sentence(name_of(key), " gets a new token. Its name, scopes and owner stay the same."),
        *([context("A token of it was found in a message. Revoke it now.")] if is_leaked else []),
        _grace(timedelta() if is_leaked else GRACE_DEFAULT),
        context("This app sends you the new token in a direct message.")
        if recipient is None
        else inputs.person(
            ids.RECIPIENT,
            "Send the new token to",
            recipient,
            hint="In a direct message from this app.",
        ),
    ]
    return modal(_TITLE, ids.ROTATE_MODAL, blocks, submit="Rotate", ref=ref)


def _grace(proposed: timedelta) -> Block:
    options = {grace: _option(grace) for grace in GRACES}
    element: Element = {
        "type": "radio_buttons",
        "action_id": ids.VALUE,
        "options": list(options.values()),
        "initial_option": options[proposed],
    }
    hint = "Allow enough time to replace the token. You can extend it or end it early."
    return inputs.labelled(ids.GRACE, "The old token keeps working for", element, hint=hint)


def _option(grace: timedelta) -> Element:
    return {"text": plain(length(grace)), "value": str(int(grace.total_seconds()))}


def length(grace: timedelta) -> str:
    """Return a grace period in words."""
    if not grace:
        return "Revoke the old token immediately"
    if grace < timedelta(days=2):
        hours = grace // _HOUR
        return "1 hour" if hours == 1 else f"{hours} hours"
    return f"{grace.days} days"


def in_progress(key: KeyView) -> View:
    """Render what is shown while the new token is being delivered."""
    return _result("Rotating", sentence("Rotating ", name_of(key), " …"))


def rotated(rotation: RotationView, recipient: str) -> View:
    """Render that the new token was delivered and works."""
    return _result(
        "Rotated",
        sentence(name_of(rotation.key), " has a new token."),
        sentence("It was sent to ", person(Actor.person(recipient)), "."),
        section(_old_token(rotation)),
    )


def reveal_pending(key: KeyView, recipient: str) -> View:
    """Render that the new token waits for its recipient to collect it."""
    return _result(
        "Waiting for recipient",
        sentence(
            person(Actor.person(recipient)), " can collect the new token of ", name_of(key),
            " in their direct messages with this app.",
        ),
        section("The old token keeps working until then."),
    )  # fmt: skip


def not_rotated(error: str) -> View:
    """Render why nothing was rotated: a sentence or two, shown as plain text."""
    return _result("Not rotated", {"type": "section", "text": plain_user_text(error)})


def _old_token(rotation: RotationView) -> str:
    if rotation.stage is not Stage.RUNNING or rotation.ends_at is None:
        return f"The old one, `{rotation.old_hint}`, is refused from now on."
    old = f"The old one, `{rotation.old_hint}`,"
    return f"{old} {date(rotation.ends_at, before='keeps working until ')}."


def _result(title: str, *blocks: Block) -> View:
    return result_modal(title, blocks)


def followed(rotation: RotationView, now: datetime, ref: ActionPayload | None) -> Message:
    """Render the live message about a rotation.

    Args:
        ref: the payload of the buttons; None for readers who get none.
    """
    if rotation.revoked:
        return message(
            sentence(name_of(rotation.key), " was revoked while it was being rotated."),
            context("None of its tokens works."),
        )
    if rotation.stage is Stage.ENDED or rotation.ends_at is None or rotation.ends_at <= now:
        return _ended(rotation)
    blocks = [
        sentence(person(rotation.started_by), " rotated ", name_of(rotation.key), "."),
        fields(_tokens(rotation)),
    ]
    if rotation.still_in_use(now):
        blocks.append(section("A program still uses the old token. It needs the new one."))
    if ref is not None:
        blocks.append(_buttons(rotation, ref))
    return message(*blocks)


def _tokens(rotation: RotationView) -> list[tuple[str, str]]:
    old = f"`{rotation.old_hint}`\n{date(rotation.ends_at, before='expires ')}\n"
    old += _used(rotation.old_used_at, rotation.old_used_from)
    new = f"`{rotation.new_hint}`\n" + _used(rotation.new_used_at, None)
    return [("Old token", old), ("New token", new)]


def _used(at: datetime | None, where: str | None) -> str:
    if at is None:
        return "not used yet"
    used = date(at, AGO, before="last used ")
    return f"{used}, from {code(where)}" if where else used


def _buttons(rotation: RotationView, ref: ActionPayload) -> Block:
    text = "Programs that still use the old token are refused at their next request."
    if rotation.old_used_at is None:
        text = "No program has used it."
    return actions(
        button(
            "End now",
            ids.ROTATION_END,
            ref,
            style="danger",
            confirm=confirm_dialog("End the old token now?", text, "End now"),
        ),
        button("Extend by a day", ids.ROTATION_EXTEND, ref),
    )


def _ended(rotation: RotationView) -> Message:
    pieces: list[Element | str] = [name_of(rotation.key), " was rotated. The old token "]
    if rotation.ended_by is not None and rotation.ended_by.kind != "system":
        pieces += ["was revoked by ", person(rotation.ended_by)]
    else:
        pieces.append("expired")
    if rotation.ends_at is not None:
        pieces.append(format_time(rotation.ends_at, ", "))
    return message(
        sentence(*pieces, "."),
        context(f"`{rotation.new_hint}` replaced `{rotation.old_hint}`, which is refused."),
    )
