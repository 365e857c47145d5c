"""The small parts of Block Kit that all messages and modals are made of.

Words from people never become markup: they stand in rich text or plain text, which Slack shows as
they are. `mrkdwn` is for words and ids of our own. Tokens that people type where none belongs are
left out; the one that is handed over goes through `code_block` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.ui import ids
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView, State
from keys.credentials.tokens import redact
from keys.inputs.scopes import MEANINGS

Block = dict[str, Any]
Element = dict[str, Any]
Message = dict[str, Any]
View = dict[str, Any]

DAY = "{date_short_pretty}"
MINUTE = "{date_short_pretty} at {time}"
AGO = "{ago}"


def escape(text: str) -> str:
    """Slack's three escapes, without which `<…>` would mention people or link.

    Source: https://docs.slack.dev/messaging/formatting-message-text, "Escaping text".
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(text: str) -> Element:
    """Plain text of our own words."""
    return {"type": "plain_text", "text": text, "emoji": False}


def plain_user_text(text: str) -> Element:
    """Plain text that a user typed: shown as typed, neither markup nor emoji."""
    return plain(escape(redact(text)))


def mrkdwn(text: str) -> Element:
    """Formatted text of our own words and ids; nothing in it is linked by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str) -> Block:
    """A paragraph of our own formatted words."""
    return {"type": "section", "text": mrkdwn(text)}


def context(text: str) -> Block:
    """A small grey line of our own formatted words."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """A table of two columns: what, and our formatted words about it. At most ten pairs."""
    return {"type": "section", "fields": [mrkdwn(f"*{what}*\n{text}") for what, text in pairs]}


def button(
    label: str,
    action: str,
    ref: ActionPayload | None = None,
    style: str | None = None,
    confirm: Element | None = None,
) -> Element:
    """A button; `style` is `primary` or `danger`, `confirm` comes from `sure`."""
    element: Element = {"type": "button", "text": plain(label), "action_id": action}
    if ref is not None:
        element["value"] = ref.encode()
    if style is not None:
        element["style"] = style
    if confirm is not None:
        element["confirm"] = confirm
    return element


def turns(
    back: tuple[str, ActionPayload] | None, on: tuple[str, ActionPayload] | None
) -> list[Element]:
    """“Previous” and “Next”, by action and reference; None where there is no such page."""
    pages = (("Previous", back), ("Next", on))
    return [button(label, *page) for label, page in pages if page is not None]


def confirm_dialog(title: str, text: str, yes: str, *, danger: bool = True) -> Element:
    """A dialog that asks before a press counts; our own words, as Slack shows them plain.

    Args:
        title, text: at most 100 and 300 characters.
        yes: the button that confirms, at most 30.
    """
    asked: Element = {
        "title": plain(title),
        "text": plain(text),
        "confirm": plain(yes),
        "deny": plain("Cancel"),
    }
    if danger:
        asked["style"] = "danger"
    return asked


def actions(*elements: Element) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def text_element(text: str, *, bold: bool = False, code: bool = False) -> Element:
    """A piece of rich text, shown as it is: it may be anybody's words. Not empty."""
    style = {name: True for name, on in (("bold", bold), ("code", code)) if on}
    return {"type": "text", "text": redact(text), **({"style": style} if style else {})}


def line(*pieces: Element | str) -> Element:
    """One line of rich text; strings are our own words."""
    elements = [text_element(piece) if isinstance(piece, str) else piece for piece in pieces]
    return {"type": "rich_text_section", "elements": elements}


def sentence(*pieces: Element | str) -> Block:
    """A paragraph that may hold people's words, mentions and dates."""
    return {"type": "rich_text", "elements": [line(*pieces)]}


def header(text: str) -> Block:
    """A heading of our own words; at most 150 characters."""
    return {"type": "header", "text": plain(text)}


def code_block(text: str) -> Block:
    """Text alone in a code block."""
    pre = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [pre]}


def bullets(lines: Sequence[Element]) -> Block:
    """A list; its lines come from `line`. Not empty."""
    listed = {"type": "rich_text_list", "style": "bullet", "elements": list(lines)}
    return {"type": "rich_text", "elements": [listed]}


def name_of(key: KeyView) -> Element:
    """A key's name within a sentence."""
    return text_element(key.name, bold=True)


def format_time(at: datetime, before: str = "") -> Element:
    """A time in rich text, as each reader's clock shows it.

    Args:
        before: the words before it, if any; after them Slack writes a small “today”.
    """
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": before + MINUTE,
        "fallback": before + _fallback(at),
    }


def date(at: datetime | None, form: str = MINUTE, *, before: str = "", never: str = "never") -> str:
    """A time as mrkdwn.

    Args:
        before: as for `moment`.
        never: what stands there instead of a time that is not.

    Source: https://docs.slack.dev/messaging/formatting-message-text, "Date formatting".
    """
    if at is None:
        return never
    return f"<!date^{int(at.timestamp())}^{before}{form}|{before}{_fallback(at)}>"


def _fallback(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def mention(user_id: str) -> str:
    """A person as mrkdwn."""
    return f"<@{user_id}>"


def person(actor: Actor) -> Element:
    """The actor of an event, within a sentence."""
    if actor.kind == "person":
        return {"type": "user", "user_id": actor.id}
    return text_element(f"operator {actor.id}" if actor.kind == "operator" else "this app")


def person_as_mrkdwn(actor: Actor) -> str:
    """The actor of an event, as mrkdwn."""
    if actor.kind == "person":
        return mention(actor.id)
    return f"operator {code(actor.id)}" if actor.kind == "operator" else "this app"


def code(text: str) -> str:
    """A name or an address from outside as mrkdwn; inside code nothing is markup."""
    return f"`{escape(text.replace('`', '')) or '?'}`"


def owner_of(key: KeyView) -> str:
    """The owner as mrkdwn."""
    return mention(key.owner) if key.owner else "no owner"


def scopes_in_words(scopes: Iterable[str]) -> str:
    """What a key may do, such as `read existing data, add new records`."""
    return ", ".join(MEANINGS.get(scope, escape(scope)) for scope in scopes) or "nothing"


def state_in_words(key: KeyView, now: datetime) -> str:
    """Where the key is in its life, in one word or two."""
    if key.state is State.ACTIVE and key.expired(now):
        return "expired"
    names = {State.PENDING: "being made", State.ABANDONED: "never came to work"}
    return names.get(key.state, key.state.value)


def message(fallback: str, *blocks: Block) -> Message:
    """A message. `fallback` is what notifications and screen readers get: our own words, and
    people's only through `escape`; never a token.
    """
    return {"text": fallback, "blocks": list(blocks)}


def modal(
    title: str,
    callback: str,
    blocks: Sequence[Block],
    *,
    submit: str | None = None,
    close: str = "Cancel",
    ref: ActionPayload | None = None,
) -> View:
    """A modal; without `submit` it only tells something."""
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
    """A modal that tells what came of something, and asks nothing more."""
    return modal(title, ids.RESULT_MODAL, blocks, close="Close")
