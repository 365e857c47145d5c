"""Replies if nothing was done: a choice, a suggestion, a refusal, a failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.ui import ids
from bot.ui.blocks import (
    Block,
    Message,
    about,
    actions,
    bullets,
    button,
    clip,
    context,
    line,
    mention,
    message,
    plain_user_text,
    section,
    sentence,
    text_element,
)
from bot.ui.command_name import command_name
from bot.ui.key_rows import rows
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.credentials.tokens import redact
from keys.search.due import due_reasons

CHOICES_MAX = 10
NEAREST_MAX = 5
ADMINS_MAX = 5
TYPED_MAX = 100


def choice(typed: str, keys: Sequence[KeyView], ref: ActionPayload) -> Message:
    """Render a choice between the keys that match what was typed.

    Args:
        keys: the matching keys; the first ten are shown.
        ref: `do` is what to do with the chosen key.
    """
    blocks = [
        sentence("Several keys match ", quoted(typed), ". Which one do you mean?"),
        *candidates(keys[:CHOICES_MAX], ref),
    ]
    if len(keys) > CHOICES_MAX:
        blocks.append(context(f"{len(keys) - CHOICES_MAX} more match. Type more of the name."))
    return message(*blocks)


def unknown(typed: str, nearest: Sequence[KeyView], ref: ActionPayload) -> Message:
    """Render that no key has that name, with buttons for the nearest ones, at most five."""
    blocks = [sentence("There is no key ", quoted(typed), ".")]
    if nearest:
        blocks.append(section("Did you mean one of these?"))
        blocks += candidates(nearest[:NEAREST_MAX], ref)
    else:
        blocks.append(context("The list shows all active keys."))
    blocks.append(actions(button("List keys", ids.LIST, ActionPayload(ref.at))))
    return message(*blocks)


def candidates(keys: Sequence[KeyView], ref: ActionPayload) -> list[Block]:
    """Render keys to choose from; `ref` says what to do with the chosen one."""
    return rows(
        keys,
        lambda key: about(key.name, button("This one", ids.KEY_CHOICE, replace(ref, key=key.id))),
        lambda key: due_reasons(key, (), ref.at),
    )


def unknown_command(
    command: str, typed: str, suggestion: str | None, ref: ActionPayload, rest: str = ""
) -> Message:
    """Render that there is no such subcommand.

    Args:
        command: the slash command, such as `/apikeys`.
        typed: the word that was typed as a subcommand.
        suggestion: the nearest subcommand; None if there is none.
        rest: what was typed after it.
    """
    blocks = [sentence("There is no ", quoted(f"{command} {typed}"), ".")]
    if suggestion is not None:
        meant = clip(f"{command} {suggestion} {redact(rest)}".rstrip(), TYPED_MAX)
        blocks.append(sentence("Did you mean ", text_element(meant, code=True), "?"))
    blocks.append(actions(button("Show the guide", ids.HELP, ActionPayload(ref.at))))
    return message(*blocks)


def denied(why: str, admins: Sequence[str]) -> Message:
    """Render that the user may not do this.

    Args:
        why: a plain sentence.
        admins: the ids of users to ask; the first five are named.
    """
    blocks: list[Block] = [{"type": "section", "text": plain_user_text(clip(redact(why), 500))}]
    if admins:
        blocks.append(section("You can ask: " + ", ".join(map(mention, admins[:ADMINS_MAX]))))
    return message(*blocks)


def domain_error(sentences: str) -> Message:
    """Render one of the domain's own sentences, as plain text."""
    text = clip(redact(sentences), 500)
    return message({"type": "section", "text": plain_user_text(text)})


def expired() -> Message:
    """Render that the button is too old, since much may have changed meanwhile."""
    return message(
        section("This button is out of date, and nothing was changed. Please start again."),
    )


def outdated(ref: ActionPayload) -> Message:
    """Render that another version of the app has drawn the button.

    Args:
        ref: names the key that it was about, if that is known.
    """
    buttons = [button("Show the guide", ids.HELP, ActionPayload(ref.at))]
    if ref.key:
        show = replace(ref, do=ids.DO_DETAILS)
        buttons.insert(0, button("Show the key", ids.KEY_CHOICE, show))
    return message(
        section("This button is from an older version, and nothing was changed."),
        sentence(
            "Type ",
            text_element(f"{command_name()} list", code=True),
            " to find the key, or ",
            text_element(f"{command_name()} help", code=True),
            " for the guide.",
        ),
        actions(*buttons),
    )


def busy() -> Message:
    """Render that too many things are under way at once."""
    return message(
        section(
            "The app is busy, and nothing was changed. Too many requests came at the same time. "
            "Please try again in a minute."
        ),
    )


def internal_error(reference: str) -> Message:
    """Render that something unexpected went wrong; `reference` finds it in the log."""
    return message(
        section("Something went wrong, and it is not your fault."),
        bullets(
            [
                line("Check the key’s state before you try again: part of it may be done."),
                line(
                    "If it keeps happening, give your operator this reference: ",
                    text_element(clip(reference, TYPED_MAX), code=True),
                ),
            ]
        ),
    )


def quoted(typed: str) -> dict[str, object]:
    """Render what a user typed within a sentence."""
    return text_element(f"“{clip(redact(typed), TYPED_MAX)}”")
