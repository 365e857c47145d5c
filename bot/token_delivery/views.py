"""The direct message with a token, in each state of its delivery, and the modal that shows one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ui import ids
from bot.ui.blocks import (
    Element,
    Message,
    View,
    actions,
    button,
    code_block,
    context,
    message,
    modal,
    name_of,
    person,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.base.policy import DeliveryWay
from keys.delivery.deliveries import DeliveryState, Purpose


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made the key or, for a rotation, the new token.

    Attributes:
        is_recipient: whether they made it for themselves.
        approved: whether they approved the recipient's request.
    """

    actor: Actor
    is_recipient: bool = False
    approved: bool = False

    def did(self, key: KeyView, purpose: Purpose) -> list[Element | str]:
        """Return what they did with the key, as the beginning of a sentence."""
        who: Element | str = "You" if self.is_recipient else person(self.actor)
        if purpose is Purpose.ROTATION:
            return [who, " rotated the key ", name_of(key)]
        if self.approved:
            return [who, " approved your request for ", name_of(key)]
        return [who, " made the key ", name_of(key)]


@dataclass(frozen=True, slots=True)
class TokenContent:
    """The content of a message while it contains a token.

    Attributes:
        text: the token, alone in a code block, so that a double-click selects it.
        minutes: how long it stays in the message.
        url: the address of the API, for the example.
    """

    text: str
    minutes: int
    url: str


def delivery_message(
    key: KeyView,
    purpose: Purpose,
    method: DeliveryWay,
    state: DeliveryState,
    *,
    by: Maker,
    ref: ActionPayload | None = None,
    content: TokenContent | None = None,
) -> Message:
    """Render the message of a delivery.

    Args:
        by: is named while the token is on its way, and beside it.
        ref: the payload of the buttons, which names the delivery; needed while there are any.
        content: the token, while it is in the message.
    """
    reveal = method is DeliveryWay.REVEAL
    if content is not None and ref is not None:
        return _with_token(key, purpose, by, content, ref)
    if state is DeliveryState.PENDING:
        if reveal and ref is not None:
            return _to_reveal(key, purpose, by, ref)
        return _placeholder(key, purpose, by)
    if state is DeliveryState.CANCELLED:
        if reveal:
            return _not_collected(key, purpose)
        return not_created(key.name) if purpose is Purpose.NEW else _not_rotated(key)
    return _collected(key) if reveal else _removed(key)


def _placeholder(key: KeyView, purpose: Purpose, by: Maker) -> Message:
    """Render the placeholder; the token replaces it once its place is recorded."""
    rotation = purpose is Purpose.ROTATION
    what, else_ = ("new token", "nothing changed") if rotation else ("token", "no key was created")
    return message(
        sentence(*by.did(key, purpose), f". Its {what} appears in this message."),
        context(f"If it does not within a minute, it was interrupted and {else_}."),
    )


def _to_reveal(key: KeyView, purpose: Purpose, by: Maker, ref: ActionPayload) -> Message:
    """Render the button that generates and shows the token."""
    what = "new token" if purpose is Purpose.ROTATION else "token"
    return message(
        sentence(*by.did(key, purpose), f". You can collect its {what} here."),
        section("Press the button to generate it. Only you will see it, once."),
        actions(button("Show the token", ids.REVEAL, ref, style="primary")),
        context("You have 24 hours. First, open the place where your program keeps its secrets."),
    )


def token_shown(
    key: KeyView, text: str, url: str, ref: ActionPayload, purpose: Purpose, by: Maker
) -> View:
    """Render the modal with the token; the recipient submits it to confirm that they have it.

    Args:
        text: the token, alone in a code block.
        ref: the payload that names the delivery, and the token that was generated for it.
    """
    works = "It works once you press “I have it”."
    if purpose is Purpose.ROTATION:
        works += " The old token keeps working for a while."
    return modal(
        "Your token",
        ids.REVEAL_MODAL,
        [
            sentence("This is the token of ", name_of(key), ". ", *by.did(key, purpose), "."),
            code_block(text),
            section(works),
            context("If you close this modal, the button will show a different token."),
            section("Example, with the token in the variable `API_KEY`:"),
            code_block(f'curl -H "Authorization: Bearer $API_KEY" {url}'),
        ],
        submit="I have it",
        close="Not now",
        ref=ref,
    )


def _collected(key: KeyView) -> Message:
    """Render the message after the recipient has collected the token."""
    return message(
        sentence("You have collected the token of ", name_of(key), ", and it works."),
        context(
            f"Its hint is `{key.hint}`. It cannot be shown again. If you lose it, ask an admin to "
            "rotate the key."
        ),
    )


def _with_token(
    key: KeyView, purpose: Purpose, by: Maker, content: TokenContent, ref: ActionPayload
) -> Message:
    """Render the message with the token."""
    return message(
        sentence(
            "This is the token of ",
            name_of(key),
            ". It cannot be shown again. ",
            *by.did(key, purpose),
            ".",
        ),
        code_block(content.text),
        section("Store it where your program keeps its secrets. A double-click selects it."),
        actions(button("I've stored it", ids.STORED, ref, style="primary")),
        context(f"The token will be removed from this message after {_minutes(content.minutes)}."),
        section("Example, with the token in the variable `API_KEY`:"),
        code_block(f'curl -H "Authorization: Bearer $API_KEY" {content.url}'),
    )


def _minutes(minutes: int) -> str:
    return "1 minute" if minutes == 1 else f"{minutes:,} minutes"


def _removed(key: KeyView) -> Message:
    """Render the message after the token has been removed from it."""
    return message(
        sentence("The token of ", name_of(key), " was removed from this message."),
        context(
            f"Its hint is `{key.hint}`. The key itself is unchanged. If you lose the token, ask an "
            "admin to rotate the key."
        ),
    )


def not_created(name: str) -> Message:
    """Render the message, or an announcement, if a new key was never activated."""
    return message(
        sentence(
            "Creating ", text_element(name, bold=True), " was interrupted, so no key was created."
        ),
        section(
            "If you saw a token for it, that token does not work. Please create the key again."
        ),
    )


def _not_collected(key: KeyView, purpose: Purpose) -> Message:
    """Render the message with the button after it was cancelled."""
    rotation = purpose is Purpose.ROTATION
    after = "The old token keeps working." if rotation else "No key was created."
    return message(
        sentence("The token of ", name_of(key), " can no longer be collected."),
        section(f"{after} Ask an admin if you still need it."),
    )


def _not_rotated(key: KeyView) -> Message:
    """Render the message if the new token of a rotation was never activated."""
    return message(
        sentence("Replacing the token of ", name_of(key), " was interrupted."),
        section("If you saw a new token, it does not work. The old token keeps working."),
    )
