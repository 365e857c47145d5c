"""The rules of elements with options: checkboxes, radio buttons, select menus.

Source: https://docs.slack.dev/reference/block-kit/block-elements and the page of each.
"""

from __future__ import annotations

from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.composition_objects import (
    CHANNEL_ID,
    CONVERSATION_ID,
    FORMATTED_OPTION,
    OPTION,
    USER_ID,
    exactly_one,
)
from sandbox.blockkit.base.schema import Integer, Items, optional, required
from sandbox.blockkit.elements import rules
from sandbox.blockkit.elements.base import (
    ACTION,
    CHOSEN_FROM,
    CONFIRMED,
    CONVERSATIONS,
    FOCUSED,
    MENU,
    MULTI_MENU,
    RESPONSE_URL,
    element,
)

CHOICES: Final = (
    element(
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
    element(
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
    element(
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
    element(
        "external_select",
        "select-menu-element#external_select",
        "section actions input",
        {
            **MENU,
            "initial_option": optional(OPTION),
            "min_query_length": optional(Integer(0)),
        },
    ),
    element(
        "users_select",
        "select-menu-element#users_select",
        "section actions input",
        {**MENU, "initial_user": optional(USER_ID)},
    ),
    element(
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
    element(
        "channels_select",
        "select-menu-element#channels_select",
        "section actions input",
        {**MENU, "initial_channel": optional(CHANNEL_ID), **RESPONSE_URL},
    ),
)

MULTI_SELECTS: Final = (
    element(
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
    element(
        "multi_external_select",
        "multi-select-menu-element#external_multi_select",
        "section actions input",
        {
            **MULTI_MENU,
            "initial_options": optional(Items(OPTION, limits.OPTIONS)),
            "min_query_length": optional(Integer(0)),
        },
        rules=[rules.initial_within_maximum],
    ),
    element(
        "multi_users_select",
        "multi-select-menu-element#users_multi_select",
        "section actions input",
        {**MULTI_MENU, "initial_users": optional(Items(USER_ID))},
        rules=[rules.initial_within_maximum],
    ),
    element(
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
    element(
        "multi_channels_select",
        "multi-select-menu-element#channel_multi_select",
        "section actions input",
        {**MULTI_MENU, "initial_channels": optional(Items(CHANNEL_ID))},
        rules=[rules.initial_within_maximum],
    ),
)
