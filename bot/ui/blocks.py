"""The Block Kit elements that all messages and modals are made of.

Text from users never becomes markup: it goes into rich text or plain text, which Slack shows as
typed. `mrkdwn` is for text and ids of our own. No element hides anything (`runtime.display`), since
stored text may be older than the rule for input. Tokens are redacted everywhere except in
`code_block`, which shows the one that is delivered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.ui import ids
from bot.ui.message_text import BY_NAME, text_of
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView, State
from keys.credentials.tokens import redact
from keys.inputs.scopes import MEANINGS
from runtime.display import visible

# Words, and punctuation that Slack never takes for markup, beginning and ending with neither blanks
# nor underscores; an underscore or a colon only where it cannot begin or end a style or an emoji.
_WITHOUT_MARKUP = re.compile(
    r"(?![\s_])(?:[^\W_]|[ ,.()/&'’+#;%\[\]–—-]|(?<=[^\W_])_(?=[^\W_])|:(?= ))+(?<!\s)"
)

Block = dict[str, Any]
Element = dict[str, Any]
Message = dict[str, Any]
View = dict[str, Any]

ACCESSIBILITY_MAX = 75  # Slack, button element, `accessibility_label`
DAY = "{date_short_pretty}"
MINUTE = "{date_short_pretty} at {time}"
AGO = "{ago}"
LAST_MINUTE = timedelta(minutes=1)
# For values that are recorded: what was "tomorrow" then must not read so later.
RECORDED = "{date_short} at {time}"


def escape(text: str) -> str:
    """Escape the three characters with which a text could mention people or link.

    Source: https://docs.slack.dev/messaging/formatting-message-text, "Escaping text".
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """Shorten a text to at most `limit` characters, with an ellipsis at its end."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(text: str) -> Element:
    """Render our own words as plain text."""
    return {"type": "plain_text", "text": visible(text, multiline=True), "emoji": False}


def plain_user_text(text: str) -> Element:
    """Render a user's words as plain text: no markup, no emoji."""
    return plain(escape(redact(text)))


def mrkdwn(text: str) -> Element:
    """Render our own words and ids with markup; URLs in it are not linked."""
    return {"type": "mrkdwn", "text": visible(text, multiline=True), "verbatim": True}


def section(text: str) -> Block:
    """Render a paragraph of our own formatted words."""
    return {"type": "section", "text": mrkdwn(text)}


def bold_user_text(text: str) -> Element:
    """Render a user's words in bold, or as plain text if one of their characters may be markup."""
    harmless = visible(redact(text))
    if not _WITHOUT_MARKUP.fullmatch(harmless):
        return plain_user_text(text)
    return mrkdwn(f"*{escape(harmless)}*")


def context(text: str) -> Block:
    """Render a small grey line of our own formatted words."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Render labels and values in two columns, in our own formatted words. At most ten pairs."""
    return {"type": "section", "fields": [mrkdwn(f"*{what}*\n{text}") for what, text in pairs]}


def button(
    label: str,
    action: str,
    ref: ActionPayload | None = None,
    style: str | None = None,
    confirm: Element | None = None,
    url: str | None = None,
) -> Element:
    """Render a button.

    Args:
        url: opened in addition to what its handler does.
        style: `primary` or `danger`.
        confirm: see `confirm_dialog`.
    """
    element: Element = {"type": "button", "text": plain(label), "action_id": action}
    if ref is not None:
        element["value"] = ref.encode()
    if style is not None:
        element["style"] = style
    if confirm is not None:
        element["confirm"] = confirm
    if url is not None:
        element["url"] = url
    return element


def about(row: str, element: Element) -> Element:
    """Make a screen reader say which row of a list a button is about, where its label repeats.

    Args:
        row: the row's name, which may be a user's words.
    """
    spoken = f"{element['text']['text']}: {visible(redact(row))}"
    return {**element, "accessibility_label": clip(spoken, ACCESSIBILITY_MAX)}


def pagination_buttons(
    ref: ActionPayload, previous: tuple[str, str | None], next_: tuple[str, str | None]
) -> list[Element]:
    """Render “Previous” and “Next”.

    Args:
        ref: the payload that both carry, each with its own cursor.
        previous, next_: the action id and the cursor of each; no cursor leaves the button out.
    """
    return [
        button(label, action_id, replace(ref, cursor=cursor))
        for label, (action_id, cursor) in (("Previous", previous), ("Next", next_))
        if cursor is not None
    ]


def confirm_dialog(title: str, text: str, yes: str, *, danger: bool = True) -> Element:
    """Render the dialog that asks before a press counts, in our own words.

    Args:
        title, text: at most 100 and 300 characters.
        yes: the button that confirms, at most 30.
    """
    dialog: Element = {
        "title": plain(title),
        "text": plain(text),
        "confirm": plain(yes),
        "deny": plain("Cancel"),
    }
    if danger:
        dialog["style"] = "danger"
    return dialog


def actions(*elements: Element) -> Block:
    """Render a row of buttons and menus."""
    return {"type": "actions", "elements": list(elements)}


def text_element(text: str, *, bold: bool = False, code: bool = False) -> Element:
    """Render a piece of rich text, shown as typed: it may be a user's words. Not empty."""
    style = {name: True for name, on in (("bold", bold), ("code", code)) if on}
    harmless = visible(redact(text), multiline=True)
    return {"type": "text", "text": harmless, **({"style": style} if style else {})}


def line(*pieces: Element | str) -> Element:
    """Render one line of rich text; strings are our own words."""
    elements = [text_element(piece) if isinstance(piece, str) else piece for piece in pieces]
    return {"type": "rich_text_section", "elements": elements}


class _OurWords(str):
    """Words of ours, which have a capital where they begin a sentence."""


def sentence(*pieces: Element | str) -> Block:
    """Render a paragraph of our own words, users' words, mentions and dates."""
    written = line(*pieces)
    first, *others = written["elements"]
    if isinstance(first.get("text"), _OurWords):
        first = {**first, "text": first["text"][:1].upper() + first["text"][1:]}
    return {"type": "rich_text", "elements": [{**written, "elements": [first, *others]}]}


def header(text: str) -> Block:
    """Render a heading of our own words, at most 150 characters."""
    return {"type": "header", "text": plain(text)}


def code_block(text: str) -> Block:
    """Render a text alone in a code block; the only place that shows a token."""
    pre = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [pre]}


def bullets(lines: Sequence[Element]) -> Block:
    """Render a bulleted list; its lines come from `line`. Not empty."""
    listed = {"type": "rich_text_list", "style": "bullet", "elements": list(lines)}
    return {"type": "rich_text", "elements": [listed]}


def name_of(key: KeyView) -> Element:
    """Render a key's name within a sentence."""
    return text_element(key.name, bold=True)


def format_time(at: datetime, before: str = "", form: str = MINUTE) -> Element:
    """Render a time as rich text, in each reader's time zone.

    Args:
        before: the words before it, if any; after them Slack writes “today” in lower case.
    """
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": before + form,
        "fallback": before + _fallback(at),
    }


def date(at: datetime | None, form: str = MINUTE, *, before: str = "", never: str = "never") -> str:
    """Render a time as mrkdwn, in each reader's time zone.

    Args:
        before: as in `format_time`.
        never: the text if there is no time.

    Source: https://docs.slack.dev/messaging/formatting-message-text, "Date formatting".
    """
    if at is None:
        return never
    return f"<!date^{int(at.timestamp())}^{before}{form}|{before}{_fallback(at)}>"


def format_expiry(at: datetime, before: str = "", form: str = MINUTE) -> Element:
    """Render when a key or token expires as rich text, like `format_time`.

    It is shown by its last minute: a key whose last day is March 1 expires at the midnight after
    it, which everyone would read as March 2.
    """
    return format_time(at - LAST_MINUTE, before, form)


def expiry(at: datetime | None, form: str = MINUTE, *, before: str = "") -> str:
    """Render the same as mrkdwn, like `date`."""
    return date(None if at is None else at - LAST_MINUTE, form, before=before)


def _fallback(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def mention(user_id: str) -> str:
    """Render the mention of a user as mrkdwn."""
    return f"<@{user_id}>"


def person(actor: Actor) -> Element:
    """Render the actor of an event within a sentence."""
    if actor.kind == "person":
        return {"type": "user", "user_id": actor.id}
    element = text_element(f"operator {actor.id}" if actor.kind == "operator" else "this app")
    return {**element, "text": _OurWords(element["text"])}


def called(user_ids: Iterable[str]) -> list[Block]:
    """Mention users in a line of its own, after the news: a phone shows the beginning."""
    mentions = [{"type": "user", "user_id": user_id} for user_id in user_ids]
    spaced = [piece for one in mentions for piece in (" ", one)]
    return [sentence("Please take care of this:", *spaced)] if mentions else []


def person_by_name(user_id: str) -> Element:
    """Render a user's name without mentioning them; the Slack client spells it out."""
    return {"type": BY_NAME, "user_id": user_id}


def person_as_mrkdwn(actor: Actor) -> str:
    """Render the actor of an event as mrkdwn."""
    if actor.kind == "person":
        return mention(actor.id)
    return f"operator {code(actor.id)}" if actor.kind == "operator" else "this app"


def code(text: str) -> str:
    """Render text from outside as mrkdwn code, in which nothing is markup."""
    return f"`{escape(visible(text.replace('`', ''))) or '?'}`"


def owner_of(key: KeyView) -> str:
    """Render a key's owner as mrkdwn."""
    return mention(key.owner) if key.owner else "no owner"


def owned_by(key: KeyView) -> str:
    """Render a key's owner as mrkdwn, for a line of facts."""
    return f"owner {mention(key.owner)}" if key.owner else "no owner"


def scopes_in_words(scopes: Iterable[str]) -> str:
    """Return what a key may do, such as `read existing data, add new records`."""
    return ", ".join(MEANINGS.get(scope, escape(scope)) for scope in scopes) or "nothing"


def state_in_words(key: KeyView, now: datetime) -> str:
    """Return a key's state in one word or two."""
    if key.state is State.ACTIVE and key.expired(now):
        return "expired"
    names = {State.PENDING: "being created", State.ABANDONED: "never activated"}
    return names.get(key.state, key.state.value)


def message(*blocks: Block, title: str = "") -> Message:
    """Return a message; its text has the blocks' words (bot.ui.message_text).

    Args:
        title: a heading above the blocks, in our own words, that they say in more words; a phone
            shows the first words of the text, so it is left out there.
    """
    return {"text": text_of(blocks), "blocks": [*([header(title)] if title else []), *blocks]}


def modal(
    title: str,
    callback: str,
    blocks: Sequence[Block],
    *,
    submit: str | None = None,
    close: str = "Cancel",
    ref: ActionPayload | None = None,
) -> View:
    """Render a modal; without `submit` it only shows something."""
    view: View = {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title),
        "close": plain(close),
        "blocks": list(blocks),
    }
    if submit is not None:
        view["submit"] = plain(submit)
    if ref is not None:
        view["private_metadata"] = ref.encode()
    return view


def result_modal(title: str, blocks: Sequence[Block]) -> View:
    """Render a modal that shows a result."""
    return modal(title, ids.RESULT_MODAL, blocks, close="Close")
