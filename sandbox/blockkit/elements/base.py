"""Declare a block element, and the fields that many share.

Source: https://docs.slack.dev/reference/block-kit/block-elements and the page of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.composition_objects import (
    ACTION_ID,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_ACTION_CONFIG,
    OPTION,
    OPTION_GROUP,
    USER_ID,
    plain_text,
)
from sandbox.blockkit.base.schema import (
    EVERYWHERE,
    Choice,
    Field,
    Flag,
    Integer,
    Items,
    Rule,
    Shape,
    Surface,
    Text,
    optional,
)


@dataclass(frozen=True)
class Element:
    """A block element, and the blocks that may hold it."""

    shape: Shape
    within: frozenset[str]


def element(
    type_: str,
    page: str,
    within: str,
    fields: dict[str, Field],
    *,
    on: frozenset[Surface] = EVERYWHERE,
    rules: Iterable[Rule] = (),
) -> Element:
    """Declare an element.

    Arguments:
        type_: its ``type``.
        page: its page, below https://docs.slack.dev/reference/block-kit/block-elements/.
        within: the blocks that may hold it, separated by spaces.
        fields, rules: see ``Shape``.
        on: the surfaces where it is allowed.
    """
    shape = Shape("block-kit/block-elements/" + page, fields, type_, on, tuple(rules))
    return Element(shape, frozenset(within.split()))


MODALS_AND_HOME: Final = frozenset({Surface.MODAL, Surface.HOME})
MODALS_AND_MESSAGES: Final = frozenset({Surface.MODAL, Surface.MESSAGE})

# Fields that many elements share.
ACTION: Final = {"action_id": optional(ACTION_ID)}
CONFIRMED: Final = {"confirm": optional(CONFIRM)}
FOCUSED: Final = {"focus_on_load": optional(Flag())}
HINTED: Final = {"placeholder": optional(plain_text(limits.PLACEHOLDER))}
DISPATCHED: Final = {"dispatch_action_config": optional(DISPATCH_ACTION_CONFIG)}
LABELLED: Final = {"accessibility_label": optional(Text(limits.ACCESSIBILITY_LABEL))}
STYLED: Final = {"style": optional(Choice(("primary", "danger")))}
MENU: Final = {**ACTION, **HINTED, **CONFIRMED, **FOCUSED}
MULTI_MENU: Final = {**MENU, "max_selected_items": optional(Integer(1))}
TYPED: Final = {**ACTION, **HINTED, **DISPATCHED, **FOCUSED}
CHOSEN_FROM: Final = {
    "options": optional(Items(OPTION, limits.OPTIONS)),
    "option_groups": optional(Items(OPTION_GROUP, limits.OPTION_GROUPS)),
}
CONVERSATIONS: Final = {
    "default_to_current_conversation": optional(Flag()),
    "filter": optional(CONVERSATION_FILTER),
}
RESPONSE_URL: Final = {"response_url_enabled": optional(Flag())}
VISIBLE_TO: Final = {"visible_to_user_ids": optional(Items(USER_ID, limits.VISIBLE_TO))}
