"""A token in a message: what the team sees, and what the person who posted it is told."""

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
    code,
    context,
    date,
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


@dataclass(frozen=True, slots=True)
class Seen:
    """A token that was seen in a message.

    Attributes:
        token: how it stands now.
        channel: the id of the channel in which it was.
        poster: the id of the person who posted it; empty for a program.
    """

    key: KeyView
    token: TokenStatus
    channel: str
    poster: str


def for_team(seen: Seen, now: datetime, ref: ActionPayload) -> Message:
    """The message in the team's channel as it stands: with buttons as long as the token works."""
    who: Element | str = person(Actor.person(seen.poster)) if seen.poster else "A program"
    where: Element = {"type": "channel", "channel_id": seen.channel}
    blocks = [sentence(who, " posted a token of ", name_of(seen.key), " in ", where, ".")]
    if seen.key.revoked_at is not None:
        blocks += _revoked(seen.key, seen.token)
    elif seen.token.works:
        blocks += _working(seen.token, ref)
    else:
        over = "The key has expired." if seen.key.expired(now) else "The key has another token."
        blocks.append(context(f"{code(seen.token.hint)} does not work any more. {over}"))
    return message("A token was posted in a channel.", *blocks)


def _revoked(key: KeyView, token: TokenStatus) -> list[Block]:
    pieces: list[Element | str] = ["The key was revoked"]
    if key.revoked_by is not None:
        pieces += [" by ", person(key.revoked_by)]
    if key.revoked_at is not None:
        pieces.append(format_time(key.revoked_at, ", "))
    return [sentence(*pieces, "."), context(f"{code(token.hint)} is refused.")]


def _working(token: TokenStatus, ref: ActionPayload) -> list[Block]:
    until = "" if token.ends_at is None else f" It ends {date(token.ends_at)}."
    return [
        section("Anyone who reads that message can use it. Deleting the message is not enough."),
        context(f"{code(token.hint)} still works.{until}"),
        actions(
            button("Rotate", ids.ROTATE, ref),
            button("Revoke", ids.REVOKE, ref, style="danger"),
            button("Details", ids.KEY_CHOICE, ActionPayload(ref.at, ids.DO_DETAILS, ref.key)),
        ),
    ]


def for_poster(*, works: bool, revoked: bool) -> Message:
    """The message to the person who posted it, and to nobody else.

    Args:
        works: whether the token worked when it was posted.
        revoked: whether its key was revoked because of that.
    """
    if not works:
        return message(
            "Your message contains an API key’s token that does not work any more.",
            section("The API key’s token in your message does not work any more."),
            context("It can't be used. Keep tokens out of messages all the same."),
        )
    then = (
        "Its key was revoked, so the token does not work any more."
        if revoked
        else "Those who look after keys here were told, and can replace it."
    )
    return message(
        "Your message contains the token of an API key.",
        section("Your message contains the token of an API key. Anyone who reads it could use it."),
        section(f"Please delete the message. {then}"),
        context("Slack keeps copies, so deleting alone is not enough."),
    )


def for_outsider() -> Message:
    """The same for a person who is no full member: it says nothing of keys."""
    return message(
        "Your message contains what looks like a secret.",
        section("Your message contains what looks like a secret. Please delete the message."),
    )
