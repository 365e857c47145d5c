"""The rules of all block elements, and the blocks that may hold each.

Buttons and images are here, the rest in ``menus.py`` and ``inputs.py``.

Source: https://docs.slack.dev/reference/block-kit/block-elements and the page of each.
"""

from __future__ import annotations

from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.composition_objects import (
    ACTION_ID,
    HTTP_URL,
    LINK_URL,
    OVERFLOW_OPTION,
    SLACK_FILE,
    TEXTS,
    WORKFLOW,
    exactly_one,
    plain_text,
)
from sandbox.blockkit.base.schema import (
    MESSAGES,
    Choice,
    Items,
    OneOf,
    Shape,
    Text,
    one_of,
    optional,
    required,
)
from sandbox.blockkit.elements import rules
from sandbox.blockkit.elements.base import ACTION, CONFIRMED, LABELLED, STYLED, VISIBLE_TO, element
from sandbox.blockkit.elements.inputs import INPUTS, PICKERS
from sandbox.blockkit.elements.menus import CHOICES, MULTI_SELECTS, SELECTS

BUTTONS: Final = (
    element(
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
    element(
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
    element(
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
    element(
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
    element(
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

IMAGES: Final = (
    element(
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
    """Return the rule for the elements that a block of this type may hold."""
    return one_of(
        [item.shape for item in ELEMENTS if block in item.within],
        f"in {'an' if block[0] in 'aeiou' else 'a'} {block} block",
        [*TEXTS, *(item.shape for item in ELEMENTS)],
    )
