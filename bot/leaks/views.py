"""Messages about a leaked token: one for the team, one for the person who posted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.ui import ids
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    actions,
    button,
    called,
    code,
    confirm_dialog,
    context,
    expiry,
    format_time,
    message,
    name_of,
    person,
    section,
    sentence,
)
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.leaks.detection import TokenStatus

REASON = "leaked"
"""The reason of a revocation from this message."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A token that was posted in a message.

    Attributes:
        token: its present status.
        channel: the id of the channel.
        poster: the id of the user who posted it; empty for a program.
        link: the address of the message; empty if it is not known.
        admins: the ids of admins to mention.
    """

    key: KeyView
    token: TokenStatus
    channel: str
    poster: str
    link: str = ""
    admins: tuple[str, ...] = ()


def for_team(leak: Leak, now: datetime, ref: ActionPayload) -> Message:
    """Render the message in the team's channel, with buttons while the token works."""
    who: Element | str = person(Actor.person(leak.poster)) if leak.poster else "A program"
    where: Element = {"type": "channel", "channel_id": leak.channel}
    blocks = [sentence(who, " posted a token of ", name_of(leak.key), " in ", where, ".")]
    if leak.key.revoked_at is not None:
        blocks += _revoked(leak.key, leak.token)
    elif leak.token.works:
        alarm: Element = {"type": "emoji", "name": "warning"}
        blocks = [
            sentence(alarm, " LEAK: a live token of ", name_of(leak.key), " in ", where, "."),
            sentence(who, " posted it. Anyone who reads that message can use the token. "
                     "Deleting the message is not enough."),
            *_working(leak, ref),
        ]  # fmt: skip
    elif leak.token.can_return:
        blocks += [
            sentence("The key has expired, so the token is refused. If the key is extended, "
                     "anyone who has read that message can use it."),
            _buttons(leak, ref),
        ]  # fmt: skip
    else:
        over = "The key has expired." if leak.key.expired(now) else "The key has another token."
        blocks.append(context(f"{code(leak.token.hint)} no longer works. {over}"))
    return message(*blocks)


def _revoked(key: KeyView, token: TokenStatus) -> list[Block]:
    pieces: list[Element | str] = ["The key was revoked"]
    if key.revoked_by is not None:
        pieces += [" by ", person(key.revoked_by)]
    if key.revoked_at is not None:
        pieces.append(format_time(key.revoked_at, ", "))
    return [sentence(*pieces, "."), context(f"{code(token.hint)} is refused.")]


def _working(leak: Leak, ref: ActionPayload) -> list[Block]:
    token = leak.token
    until = "" if token.ends_at is None else expiry(token.ends_at, before=" It expires ") + "."
    owner = [leak.key.owner] if leak.key.owner else []
    return [
        context(f"{code(token.hint)} still works.{until}"),
        _buttons(leak, ref),
        # Each person once, although the owner may be an admin.
        *called(dict.fromkeys([*owner, *leak.admins])),
    ]


def _buttons(leak: Leak, ref: ActionPayload) -> Block:
    question = confirm_dialog(
        "Revoke this key?",
        f"Reason: {REASON}. Programs that use it are refused at their next request. This cannot "
        "be undone.",
        "Revoke now",
    )
    opened = [button("Open message", ids.LEAK_OPEN, url=leak.link)] if leak.link else []
    # An expired key has to be extended before it can be rotated.
    rotate = [button("Rotate", ids.ROTATE, ref)] if leak.token.works else []
    return actions(
        *opened,
        button("Revoke now", ids.LEAK_REVOKE, ref, style="danger", confirm=question),
        *rotate,
        button("Details", ids.KEY_CHOICE, ActionPayload(ref.at, ids.DO_DETAILS, ref.key)),
    )


def for_poster(*, works: bool, revoked: bool, can_return: bool = False) -> Message:
    """Render the message that only the person who posted it sees.

    Args:
        works: whether the token worked when it was posted.
        revoked: whether its key was revoked because of that.
        can_return: whether it would work again if its key were extended.
    """
    if can_return and not works and not revoked:
        return message(
            section("Your message contains the token of an API key that has expired. Please "
                    "delete the message."),
            context("It is refused now, but would work again if an admin extended the key. The "
                    "admins were told."),
        )  # fmt: skip
    if not works:
        return message(
            section("The API key’s token in your message no longer works."),
            context("It can't be used. Still, please keep tokens out of messages."),
        )
    then = (
        "Its key was revoked, so the token no longer works."
        if revoked
        else "The admins were told and can replace the key."
    )
    return message(
        section("Your message contains the token of an API key. Anyone who reads it could use it."),
        section(f"Please delete the message. {then}"),
        context("Slack keeps copies, so deleting alone is not enough."),
    )


def for_outsider() -> Message:
    """Render the message for a person who is not a full member; it does not mention keys."""
    return message(
        section("Your message contains what looks like a secret. Please delete the message."),
    )
