"""Block elements: buttons, menus, pickers and inputs, and the blocks each may stand in.

Source: https://docs.slack.dev/reference/block-kit/block-elements and the page of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sandbox.blockkit import element_rules as rules
from sandbox.blockkit import limits
from sandbox.blockkit.objects import (
    ACTION_ID,
    CHANNEL_ID,
    CONFIRM,
    CONVERSATION_FILTER,
    CONVERSATION_ID,
    DISPATCH_ACTION_CONFIG,
    FORMATTED_OPTION,
    HTTP_URL,
    LINK_URL,
    OPTION,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    SLACK_FILE,
    TEXTS,
    USER_ID,
    WORKFLOW,
    exactly_one,
    plain_text,
)
from sandbox.blockkit.rich_text import RICH_TEXT
from sandbox.blockkit.spec import (
    EVERYWHERE,
    MESSAGES,
    MODALS,
    Choice,
    Field,
    Flag,
    Items,
    OneOf,
    Rule,
    Shape,
    Surface,
    Text,
    Whole,
    one_of,
    optional,
    required,
)


@dataclass(frozen=True)
class Element:
    """A block element, and the blocks in which it may stand."""

    shape: Shape
    within: frozenset[str]


def _element(
    type_: str,
    page: str,
    within: str,
    fields: dict[str, Field],
    *,
    on: frozenset[Surface] = EVERYWHERE,
    rules: Iterable[Rule] = (),
) -> Element:
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
MULTI_MENU: Final = {**MENU, "max_selected_items": optional(Whole(1))}
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

BUTTONS: Final = (
    _element(
        "button",
        "button-element",
        "section actions",
        {
            "text": required(plain_text(limits.BUTTON_TEXT)),
            **ACTION,
            "url": optional(LINK_URL),
            "value": optional(Text(limits.BUTTON_VALUE)),
            **STYLED,
            **CONFIRMED,
            **LABELLED,
        },
    ),
    _element(
        "workflow_button",
        "workflow-button-element",
        "section actions",
        {
            "text": required(plain_text(limits.BUTTON_TEXT)),
            "workflow": required(WORKFLOW),
            "action_id": required(ACTION_ID),
            **STYLED,
            **LABELLED,
        },
        on=MESSAGES,
    ),
    _element(
        "icon_button",
        "icon-button-element",
        "context_actions",
        {
            "icon": required(Choice(("trash",))),
            "text": required(plain_text(limits.BUTTON_TEXT)),
            **ACTION,
            "value": optional(Text(limits.BUTTON_VALUE)),
            **CONFIRMED,
            **LABELLED,
            **VISIBLE_TO,
        },
        on=MESSAGES,
    ),
    _element(
        "feedback_buttons",
        "feedback-buttons-element",
        "context_actions",
        {
            **ACTION,
            **{
                name: required(
                    Shape(
                        page="block-kit/block-elements/feedback-buttons-element",
                        fields={
                            "text": required(plain_text(limits.BUTTON_TEXT)),
                            "value": required(Text(limits.BUTTON_VALUE)),
                            **LABELLED,
                        },
                    )
                )
                for name in ("positive_button", "negative_button")
            },
        },
        on=MESSAGES,
    ),
    _element(
        "overflow",
        "overflow-menu-element",
        "section actions",
        {
            **ACTION,
            "options": required(Items(OVERFLOW_OPTION, limits.OVERFLOW_OPTIONS)),
            **CONFIRMED,
        },
        rules=[rules.distinct_options],
    ),
)

CHOICES: Final = (
    _element(
        "checkboxes",
        "checkboxes-element",
        "section actions input",
        {
            **ACTION,
            "options": required(Items(FORMATTED_OPTION, limits.CHOICES)),
            "initial_options": optional(Items(FORMATTED_OPTION, limits.CHOICES)),
            **CONFIRMED,
            **FOCUSED,
        },
        rules=[rules.distinct_options, rules.initial_among_options],
    ),
    _element(
        "radio_buttons",
        "radio-button-group-element",
        "section actions input",
        {
            **ACTION,
            "options": required(Items(FORMATTED_OPTION, limits.CHOICES)),
            "initial_option": optional(FORMATTED_OPTION),
            **CONFIRMED,
            **FOCUSED,
        },
        rules=[rules.distinct_options, rules.initial_among_options],
    ),
)

SELECTS: Final = (
    _element(
        "static_select",
        "select-menu-element#static_select",
        "section actions input",
        {**MENU, **CHOSEN_FROM, "initial_option": optional(OPTION)},
        rules=[
            exactly_one("options", "option_groups"),
            rules.distinct_options,
            rules.initial_among_options,
        ],
    ),
    _element(
        "external_select",
        "select-menu-element#external_select",
        "section actions input",
        {
            **MENU,
            "initial_option": optional(OPTION),
            "min_query_length": optional(Whole(0)),
        },
    ),
    _element(
        "users_select",
        "select-menu-element#users_select",
        "section actions input",
        {**MENU, "initial_user": optional(USER_ID)},
    ),
    _element(
        "conversations_select",
        "select-menu-element#conversations_select",
        "section actions input",
        {
            **MENU,
            "initial_conversation": optional(CONVERSATION_ID),
            **CONVERSATIONS,
            **RESPONSE_URL,
        },
    ),
    _element(
        "channels_select",
        "select-menu-element#channels_select",
        "section actions input",
        {**MENU, "initial_channel": optional(CHANNEL_ID), **RESPONSE_URL},
    ),
)

MULTI_SELECTS: Final = (
    _element(
        "multi_static_select",
        "multi-select-menu-element#static_multi_select",
        "section actions input",
        {
            **MULTI_MENU,
            **CHOSEN_FROM,
            "initial_options": optional(Items(OPTION, limits.OPTIONS)),
        },
        rules=[
            exactly_one("options", "option_groups"),
            rules.distinct_options,
            rules.initial_among_options,
            rules.initial_within_maximum,
        ],
    ),
    _element(
        "multi_external_select",
        "multi-select-menu-element#external_multi_select",
        "section actions input",
        {
            **MULTI_MENU,
            "initial_options": optional(Items(OPTION, limits.OPTIONS)),
            "min_query_length": optional(Whole(0)),
        },
        rules=[rules.initial_within_maximum],
    ),
    _element(
        "multi_users_select",
        "multi-select-menu-element#users_multi_select",
        "section actions input",
        {**MULTI_MENU, "initial_users": optional(Items(USER_ID))},
        rules=[rules.initial_within_maximum],
    ),
    _element(
        "multi_conversations_select",
        "multi-select-menu-element#conversation_multi_select",
        "section actions input",
        {
            **MULTI_MENU,
            "initial_conversations": optional(Items(CONVERSATION_ID)),
            **CONVERSATIONS,
        },
        rules=[rules.initial_within_maximum],
    ),
    _element(
        "multi_channels_select",
        "multi-select-menu-element#channel_multi_select",
        "section actions input",
        {**MULTI_MENU, "initial_channels": optional(Items(CHANNEL_ID))},
        rules=[rules.initial_within_maximum],
    ),
)

PICKERS: Final = (
    _element(
        "datepicker",
        "date-picker-element",
        "section actions input",
        {**MENU, "initial_date": optional(Text(pattern=rules.DATE, meaning="YYYY-MM-DD"))},
        rules=[rules.real_date],
    ),
    _element(
        "timepicker",
        "time-picker-element",
        "section actions input",
        {
            **MENU,
            "initial_time": optional(Text(pattern=rules.TIME, meaning="HH:mm")),
            "timezone": optional(Text(pattern=rules.ZONE, meaning="a time zone name")),
        },
    ),
    _element(
        "datetimepicker",
        "datetime-picker-element",
        "actions input",
        {
            **ACTION,
            "initial_date_time": optional(Whole(10**9, 10**10 - 1)),
            **CONFIRMED,
            **FOCUSED,
        },
        on=MODALS_AND_MESSAGES,
    ),
)

INPUTS: Final = (
    _element(
        "plain_text_input",
        "plain-text-input-element",
        "input",
        {
            **TYPED,
            "initial_value": optional(Text(limits.INPUT_LENGTH, minimum=0)),
            "multiline": optional(Flag()),
            "min_length": optional(Whole(0, limits.INPUT_LENGTH)),
            "max_length": optional(Whole(1, limits.INPUT_LENGTH)),
        },
        rules=[rules.length_range],
    ),
    _element(
        "email_text_input",
        "email-input-element",
        "input",
        {**TYPED, "initial_value": optional(Text(minimum=0))},
        on=MODALS,
    ),
    _element(
        "url_text_input",
        "url-input-element",
        "input",
        {**TYPED, "initial_value": optional(Text(minimum=0))},
        on=MODALS,
    ),
    _element(
        "number_input",
        "number-input-element",
        "input",
        {
            **TYPED,
            "is_decimal_allowed": required(Flag()),
            **{
                name: optional(Text(pattern=rules.NUMBER, meaning="a number"))
                for name in ("initial_value", "min_value", "max_value")
            },
        },
        on=MODALS,
        rules=[rules.number_range],
    ),
    _element(
        "rich_text_input",
        "rich-text-input-element",
        "input",
        {**TYPED, "initial_value": optional(one_of([RICH_TEXT]))},
        on=MODALS_AND_HOME,
    ),
    _element(
        "file_input",
        "file-input-element",
        "input",
        {
            **ACTION,
            "filetypes": optional(
                Items(Text(pattern=re.compile(r"[A-Za-z0-9]+"), meaning="a file extension"))
            ),
            "max_files": optional(Whole(1, limits.FILES)),
        },
        on=MODALS,
    ),
)

IMAGES: Final = (
    _element(
        "image",
        "image-element",
        "section context",
        {
            "alt_text": required(Text(limits.ALT_TEXT)),
            "image_url": optional(HTTP_URL),
            "slack_file": optional(SLACK_FILE),
        },
        rules=[exactly_one("image_url", "slack_file")],
    ),
)

ELEMENTS: Final = (*BUTTONS, *CHOICES, *SELECTS, *MULTI_SELECTS, *PICKERS, *INPUTS, *IMAGES)


def elements_for(block: str) -> OneOf:
    """The elements that may stand in a block of this type."""
    return one_of(
        [element.shape for element in ELEMENTS if block in element.within],
        f"in {'an' if block[0] in 'aeiou' else 'a'} {block} block",
        [*TEXTS, *(element.shape for element in ELEMENTS)],
    )
