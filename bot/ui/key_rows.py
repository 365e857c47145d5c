"""Render keys as rows: the name with a button or menu, and the facts in small print below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.ui import ids, key_facts
from bot.ui.blocks import (
    DAY,
    Block,
    Element,
    about,
    bold_user_text,
    button,
    context,
    date,
    expiry,
    owned_by,
    plain,
    scopes_in_words,
)
from bot.ui.payloads import OPTION_MAX, ActionPayload
from keys.base.models import KeyView, State
from keys.search.due import DueReason

# What is looked at first, and last what cannot be undone; Slack's menus have no dividers.
_MENU = (
    ("Details", ids.DO_DETAILS),
    ("Rename", ids.DO_RENAME),
    ("Edit", ids.DO_EDIT),
    ("Rotate", ids.DO_ROTATE),
    ("Revoke", ids.DO_REVOKE),
)
_DIVIDER: Block = {"type": "divider"}


def rows(
    keys: Iterable[KeyView],
    accessory: Callable[[KeyView], Element] | None,
    due: Callable[[KeyView], Sequence[DueReason]],
    more: Callable[[KeyView], str] | None = None,
) -> list[Block]:
    """Render three blocks for each key.

    Args:
        accessory: renders the button or menu beside a key's name; None for no button.
        due: returns why a key needs attention, which is marked.
        more: returns a further line about a key, in our own words; may be empty.
    """
    return [
        block
        for key in keys
        for block in (
            _name(key, accessory(key) if accessory else None),
            _facts(key, more(key) if more else "", due(key)),
            _DIVIDER,
        )
    ]


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of a list, and what they are offered; each press is checked again.

    Attributes:
        owner: the id of a user who sees their own keys only; None for an admin, who sees all.
        may_rotate: whether owners may rotate their keys.
        may_check: whether owners may check the tokens of their keys.
    """

    owner: str | None = None
    may_rotate: bool = True
    may_check: bool = True


ADMIN = Reader()


def menu(key: KeyView, ref: ActionPayload, reader: Reader = ADMIN) -> Element:
    """Render the menu of what can be done with a key; an owner who can only look gets a button."""
    if reader.owner is not None:
        details = replace(ref, do=ids.DO_DETAILS, key=key.id)
        if not reader.may_rotate:
            return about(key.name, button("Details", ids.KEY_CHOICE, details))
        rotate = replace(details, do=ids.DO_ROTATE)
        own = [_option("Details", details), _option("Rotate", rotate)]
        return {"type": "overflow", "action_id": ids.KEY_MENU, "options": own}
    options = [_option(label, replace(ref, do=do, key=key.id)) for label, do in _MENU]
    return {"type": "overflow", "action_id": ids.KEY_MENU, "options": options}


def _option(label: str, ref: ActionPayload) -> Element:
    return {"text": plain(label), "value": ref.encode(OPTION_MAX)}


def _name(key: KeyView, accessory: Element | None) -> Block:
    block: Block = {
        "type": "section",
        "block_id": f"row_{key.id}",
        "text": bold_user_text(key.name),
    }
    if accessory is not None:
        block["accessory"] = accessory
    return block


def _facts(key: KeyView, more: str, due: Sequence[DueReason]) -> Block:
    facts = [
        f"`{key.hint}`",
        scopes_in_words(key.scopes),
        owned_by(key),
        *key_facts.origin_and_use(key),
    ]
    if key.state is State.REVOKED:
        facts[-1] = date(key.revoked_at, DAY, before="revoked ")
    is_dated = key.expires_at is not None and key.state is State.ACTIVE
    if is_dated and not {DueReason.EXPIRED, DueReason.EXPIRING} & set(due):
        facts.append(expiry(key.expires_at, DAY, before="expires "))
    if due:
        marked = ", ".join(_due(key, reason) for reason in due)
        facts.insert(0, f":warning: *{marked}*")
    return context(" · ".join(facts) + (f"\n{more}" if more else ""))


def _due(key: KeyView, reason: DueReason) -> str:
    match reason:
        case DueReason.EXPIRED:
            return expiry(key.expires_at, DAY, before="expired ")
        case DueReason.EXPIRING:
            return expiry(key.expires_at, DAY, before="expires ")
        case DueReason.OWNER_GONE:
            return "owner has left"
        case DueReason.IDLE:
            return "idle for 90 days"
