"""The rules of rich text: the ``rich_text`` block and everything inside it.

Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block and the pages of its
elements. Elements that only Slack's own clients produce (canvases, lists, files …) are refused.
"""

from __future__ import annotations

import re
from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.composition_objects import BLOCK_ID, CHANNEL_ID, LINK_URL, USER_ID
from sandbox.blockkit.base.schema import (
    Choice,
    Flag,
    Integer,
    Items,
    Shape,
    Text,
    one_of,
    optional,
    required,
)

ELEMENTS_PAGE: Final = "block-kit/block-elements/"


def _style(*names: str) -> Shape:
    return Shape(page=ELEMENTS_PAGE, fields={name: optional(Flag()) for name in names})


TEXT_STYLE: Final = _style("bold", "italic", "strike", "code", "underline")
MENTION_STYLE: Final = _style(
    "bold", "italic", "strike", "underline", "highlight", "client_highlight", "unlink"
)

TEXT: Final = Shape(
    page=ELEMENTS_PAGE + "text-element",
    type="text",
    fields={"text": required(Text()), "style": optional(TEXT_STYLE)},
)
LINK: Final = Shape(
    page=ELEMENTS_PAGE + "link-element",
    type="link",
    fields={
        "url": required(LINK_URL),
        "text": optional(Text()),
        "unsafe": optional(Flag()),
        "style": optional(TEXT_STYLE),
    },
)
EMOJI: Final = Shape(
    page=ELEMENTS_PAGE + "emoji-element",
    type="emoji",
    fields={
        "name": required(Text()),
        "unicode": optional(Text()),
        "skin_tone": optional(Integer(1, 6)),
        "style": optional(TEXT_STYLE),
    },
)
USER: Final = Shape(
    page=ELEMENTS_PAGE + "user-element",
    type="user",
    fields={"user_id": required(USER_ID), "style": optional(MENTION_STYLE)},
)
USERGROUP: Final = Shape(
    page=ELEMENTS_PAGE + "usergroup-element",
    type="usergroup",
    fields={
        "usergroup_id": required(
            Text(pattern=re.compile(r"S[A-Z0-9]+"), meaning="a user group id")
        ),
        "style": optional(MENTION_STYLE),
    },
)
CHANNEL: Final = Shape(
    page=ELEMENTS_PAGE + "channel-element",
    type="channel",
    fields={"channel_id": required(CHANNEL_ID), "style": optional(MENTION_STYLE)},
)
TEAM: Final = Shape(
    page=ELEMENTS_PAGE + "team-element",
    type="team",
    fields={
        "team_id": required(Text(pattern=re.compile(r"[TE][A-Z0-9]+"), meaning="a team id")),
        "style": optional(MENTION_STYLE),
    },
)
BROADCAST: Final = Shape(
    page=ELEMENTS_PAGE + "broadcast-element",
    type="broadcast",
    fields={
        "range": required(Choice(("here", "channel", "everyone"))),
        "style": optional(MENTION_STYLE),
    },
)
DATE: Final = Shape(
    page=ELEMENTS_PAGE + "date-element",
    type="date",
    fields={
        "timestamp": required(Integer()),
        "format": required(Text()),
        "url": optional(LINK_URL),
        "fallback": optional(Text()),
        "style": optional(MENTION_STYLE),
    },
)
COLOR: Final = Shape(
    page=ELEMENTS_PAGE + "color-element",
    type="color",
    fields={
        "value": required(
            Text(pattern=re.compile(r"#[0-9A-Fa-f]{6}"), meaning="a color such as #F405B3")
        ),
        "style": optional(MENTION_STYLE),
    },
)

INLINE: Final = (TEXT, LINK, EMOJI, USER, USERGROUP, CHANNEL, TEAM, BROADCAST, DATE, COLOR)
BORDER: Final = Integer(0, 1)

# A section may be empty: Slack's composer writes an empty line of a list like that.
SECTION: Final = Shape(
    page=ELEMENTS_PAGE + "rich-text-section-element",
    type="rich_text_section",
    fields={"elements": required(Items(one_of(INLINE), minimum=0))},
)
LIST: Final = Shape(
    page=ELEMENTS_PAGE + "rich-text-list-element",
    type="rich_text_list",
    fields={
        "style": required(Choice(("bullet", "ordered"))),
        "elements": required(Items(one_of([SECTION], "in a rich_text_list", INLINE))),
        "indent": optional(Integer(0, limits.RICH_TEXT_INDENT)),
        "offset": optional(Integer(0)),
        "border": optional(BORDER),
    },
)
PREFORMATTED: Final = Shape(
    page=ELEMENTS_PAGE + "rich-text-preformatted-element",
    type="rich_text_preformatted",
    fields={
        "elements": required(Items(one_of([TEXT, LINK], "in preformatted text", INLINE))),
        "border": optional(BORDER),
    },
)
QUOTE: Final = Shape(
    page=ELEMENTS_PAGE + "rich-text-quote-element",
    type="rich_text_quote",
    fields={"elements": required(Items(one_of(INLINE))), "border": optional(BORDER)},
)

RICH_TEXT: Final = Shape(
    page="block-kit/blocks/rich-text-block",
    type="rich_text",
    fields={
        "block_id": optional(BLOCK_ID),
        "elements": required(Items(one_of([SECTION, LIST, PREFORMATTED, QUOTE]))),
    },
)
