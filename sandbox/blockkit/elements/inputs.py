"""The rules of input elements: pickers of dates and times, text, numbers, files.

Source: https://docs.slack.dev/reference/block-kit/block-elements and the page of each.
"""

from __future__ import annotations

import re
from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.rich_text import RICH_TEXT
from sandbox.blockkit.base.schema import (
    MODALS,
    Flag,
    Integer,
    Items,
    Text,
    one_of,
    optional,
    required,
)
from sandbox.blockkit.elements import rules
from sandbox.blockkit.elements.base import (
    ACTION,
    CONFIRMED,
    FOCUSED,
    MENU,
    MODALS_AND_HOME,
    MODALS_AND_MESSAGES,
    TYPED,
    element,
)

PICKERS: Final = (
    element(
        "datepicker",
        "date-picker-element",
        "section actions input",
        {**MENU, "initial_date": optional(Text(pattern=rules.DATE, meaning="YYYY-MM-DD"))},
        rules=[rules.real_date],
    ),
    element(
        "timepicker",
        "time-picker-element",
        "section actions input",
        {
            **MENU,
            "initial_time": optional(Text(pattern=rules.TIME, meaning="HH:mm")),
            "timezone": optional(Text(pattern=rules.ZONE, meaning="a time zone name")),
        },
    ),
    element(
        "datetimepicker",
        "datetime-picker-element",
        "actions input",
        {
            **ACTION,
            "initial_date_time": optional(Integer(10**9, 10**10 - 1)),
            **CONFIRMED,
            **FOCUSED,
        },
        on=MODALS_AND_MESSAGES,
    ),
)

INPUTS: Final = (
    element(
        "plain_text_input",
        "plain-text-input-element",
        "input",
        {
            **TYPED,
            "initial_value": optional(Text(limits.INPUT_LENGTH, minimum=0)),
            "multiline": optional(Flag()),
            "min_length": optional(Integer(0, limits.INPUT_LENGTH)),
            "max_length": optional(Integer(1, limits.INPUT_LENGTH)),
        },
        rules=[rules.length_range],
    ),
    element(
        "email_text_input",
        "email-input-element",
        "input",
        {**TYPED, "initial_value": optional(Text(minimum=0))},
        on=MODALS,
    ),
    element(
        "url_text_input",
        "url-input-element",
        "input",
        {**TYPED, "initial_value": optional(Text(minimum=0))},
        on=MODALS,
    ),
    element(
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
    element(
        "rich_text_input",
        "rich-text-input-element",
        "input",
        {**TYPED, "initial_value": optional(one_of([RICH_TEXT]))},
        on=MODALS_AND_HOME,
    ),
    element(
        "file_input",
        "file-input-element",
        "input",
        {
            **ACTION,
            "filetypes": optional(
                Items(Text(pattern=re.compile(r"[A-Za-z0-9]+"), meaning="a file extension"))
            ),
            "max_files": optional(Integer(1, limits.FILES)),
        },
        on=MODALS,
    ),
)
