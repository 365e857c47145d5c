"""Composition objects: the small parts that blocks and elements are made of.

Source: https://docs.slack.dev/reference/block-kit/composition-objects and the page of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.schema import (
    Choice,
    Context,
    Flag,
    Items,
    OneOf,
    Rule,
    Shape,
    Text,
    one_of,
    optional,
    required,
)

PAGE: Final = "block-kit/composition-objects/"

HTTP_URL: Final = Text(limits.URL, pattern=re.compile(r"https?://[^\s]+"), meaning="a valid URL")
HTTPS_URL: Final = Text(limits.URL, pattern=re.compile(r"https://[^\s]+"), meaning="an HTTPS URL")
LINK_URL: Final = Text(
    limits.URL,
    pattern=re.compile(r"(?:https?://|slack://|mailto:|tel:)[^\s]+"),
    meaning="a valid URL",
)
USER_ID: Final = Text(pattern=re.compile(r"[UW][A-Z0-9]+"), meaning="a user id")
CHANNEL_ID: Final = Text(pattern=re.compile(r"C[A-Z0-9]+"), meaning="a channel id")
CONVERSATION_ID: Final = Text(pattern=re.compile(r"[CDGUW][A-Z0-9]+"), meaning="a conversation id")
ACTION_ID: Final = Text(limits.ACTION_ID)
BLOCK_ID: Final = Text(limits.BLOCK_ID)


def plain_text(maximum: int = limits.TEXT) -> OneOf:
    """Return a rule: ``plain_text`` of at most ``maximum`` characters (page: text-object)."""
    return one_of([_plain(maximum)], known=(_plain(maximum), _mrkdwn(maximum)))


def any_text(maximum: int = limits.TEXT) -> OneOf:
    """Return a rule: ``plain_text`` or ``mrkdwn`` of at most ``maximum`` characters."""
    return one_of([_plain(maximum), _mrkdwn(maximum)])


def _plain(maximum: int) -> Shape:
    return Shape(
        page=PAGE + "text-object",
        type="plain_text",
        fields={"text": required(Text(maximum)), "emoji": optional(Flag())},
    )


def _mrkdwn(maximum: int) -> Shape:
    return Shape(
        page=PAGE + "text-object",
        type="mrkdwn",
        fields={"text": required(Text(maximum)), "verbatim": optional(Flag())},
    )


TEXTS: Final = (_plain(limits.TEXT), _mrkdwn(limits.TEXT))

# The page asks for plain_text everywhere; older versions of it let `text` be mrkdwn.
CONFIRM: Final = Shape(
    page=PAGE + "confirmation-dialog-object",
    fields={
        "title": required(plain_text(limits.CONFIRM_TITLE)),
        "text": required(plain_text(limits.CONFIRM_TEXT)),
        "confirm": required(plain_text(limits.CONFIRM_BUTTON)),
        "deny": required(plain_text(limits.CONFIRM_BUTTON)),
        "style": optional(Choice(("primary", "danger"))),
    },
)

OPTION: Final = Shape(
    page=PAGE + "option-object",
    fields={
        "text": required(plain_text(limits.OPTION_TEXT)),
        "value": required(Text(limits.OPTION_VALUE)),
        "description": optional(plain_text(limits.OPTION_DESCRIPTION)),
    },
)

# Only checkboxes and radio buttons may format their options.
FORMATTED_OPTION: Final = Shape(
    page=PAGE + "option-object",
    fields={
        **OPTION.fields,
        "text": required(any_text(limits.OPTION_TEXT)),
        "description": optional(any_text(limits.OPTION_DESCRIPTION)),
    },
)

# Only overflow menus may have options that open a page.
OVERFLOW_OPTION: Final = Shape(
    page=PAGE + "option-object",
    fields={**OPTION.fields, "url": optional(LINK_URL)},
)

OPTION_GROUP: Final = Shape(
    page=PAGE + "option-group-object",
    fields={
        "label": required(plain_text(limits.OPTION_GROUP_LABEL)),
        "options": required(Items(OPTION, limits.OPTIONS)),
    },
)


def _no_repeats(name: str) -> Items:
    return Items(Choice(tuple(name.split())), len(name.split()))


def _distinct_triggers(value: Mapping[str, object], context: Context) -> None:
    _distinct(value, "trigger_actions_on", context)


def _distinct_kinds(value: Mapping[str, object], context: Context) -> None:
    _distinct(value, "include", context)


def _distinct(value: Mapping[str, object], name: str, context: Context) -> None:
    items = list(strings(value.get(name)))
    if len(items) != len(set(items)):
        context.at(name).report("items must be unique")


def strings(value: object) -> Iterator[str]:
    """Yield the strings of an array; nothing if it is not an array."""
    if isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, str))


DISPATCH_ACTION_CONFIG: Final = Shape(
    page=PAGE + "dispatch-action-configuration-object",
    fields={"trigger_actions_on": required(_no_repeats("on_enter_pressed on_character_entered"))},
    rules=(_distinct_triggers,),
)


def _some_filter(value: Mapping[str, object], context: Context) -> None:
    if not value:
        context.report(
            "must have at least one of: include, exclude_external_shared_channels, "
            "exclude_bot_users"
        )


CONVERSATION_FILTER: Final = Shape(
    page=PAGE + "conversation-filter-object",
    fields={
        "include": optional(_no_repeats("im mpim private public")),
        "exclude_external_shared_channels": optional(Flag()),
        "exclude_bot_users": optional(Flag()),
    },
    rules=(_some_filter, _distinct_kinds),
)


def exactly_one(*names: str) -> Rule:
    """Return the rule that exactly one of these fields is present."""

    def rule(value: Mapping[str, object], context: Context) -> None:
        if sum(name in value for name in names) != 1:
            context.report(f"must have exactly one of: {', '.join(names)}")

    return rule


SLACK_FILE: Final = Shape(
    page=PAGE + "slack-file-object",
    fields={
        "id": optional(Text(pattern=re.compile(r"F[A-Z0-9]+"), meaning="a file id")),
        "url": optional(HTTPS_URL),
    },
    rules=(exactly_one("id", "url"),),
)

WORKFLOW: Final = Shape(
    page=PAGE + "workflow-object",
    fields={
        "trigger": required(
            Shape(
                page=PAGE + "trigger-object",
                fields={
                    "url": required(HTTPS_URL),
                    "customizable_input_parameters": optional(
                        Items(
                            Shape(
                                page=PAGE + "trigger-object",
                                fields={"name": required(Text()), "value": required(Text())},
                            )
                        )
                    ),
                },
            )
        )
    },
)
