"""The rules of blocks: what each holds and on which surfaces it is allowed.

Source: https://docs.slack.dev/reference/block-kit/blocks and the page of each. Blocks made for
streaming assistants (plan, task_card, card, carousel, container, data tables …) are not part of
the practice Slack and are refused like any unknown type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.composition_objects import (
    BLOCK_ID,
    HTTP_URL,
    HTTPS_URL,
    SLACK_FILE,
    TEXTS,
    any_text,
    exactly_one,
    plain_text,
)
from sandbox.blockkit.base.rich_text import RICH_TEXT
from sandbox.blockkit.base.schema import (
    EVERYWHERE,
    MESSAGES,
    Choice,
    Context,
    Field,
    Flag,
    Items,
    OneOf,
    OrNull,
    Rule,
    Shape,
    Surface,
    Text,
    one_of,
    optional,
    required,
)
from sandbox.blockkit.elements import elements_for


def _block(
    type_: str,
    fields: dict[str, Field],
    *,
    on: frozenset[Surface] = EVERYWHERE,
    rules: tuple[Rule, ...] = (),
) -> Shape:
    page = f"block-kit/blocks/{type_.replace('_', '-')}-block"
    return Shape(page, {"block_id": optional(BLOCK_ID), **fields}, type_, on, rules)


def _text_or_fields(section: Mapping[str, object], context: Context) -> None:
    if "text" not in section and "fields" not in section:
        context.report("must have at least one of: text, fields")


def _response_url_only_in_modal_inputs(block: Mapping[str, object], context: Context) -> None:
    """Allow ``response_url_enabled`` only in input blocks of modals (select-menu-element)."""
    elements = [block.get("accessory"), block.get("element"), *_listed(block.get("elements"))]
    inside = block.get("type") == "input" and context.surface is Surface.MODAL
    if not inside and any(
        isinstance(p, Mapping) and p.get("response_url_enabled") for p in elements
    ):
        context.report("response_url_enabled is only available in input blocks of modals")


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _context_elements() -> OneOf:
    texts = any_text()
    images = elements_for("context")
    return OneOf({**texts.shapes, **images.shapes}, images.path, images.known)


SECTION: Final = _block(
    "section",
    {
        "text": optional(any_text(limits.TEXT)),
        "fields": optional(Items(any_text(limits.SECTION_FIELD), limits.SECTION_FIELDS)),
        "accessory": optional(elements_for("section")),
        "expand": optional(Flag()),
    },
    rules=(_text_or_fields, _response_url_only_in_modal_inputs),
)
HEADER: Final = _block("header", {"text": required(plain_text(limits.HEADER))})
DIVIDER: Final = _block("divider", {})
CONTEXT: Final = _block(
    "context", {"elements": required(Items(_context_elements(), limits.CONTEXT_ELEMENTS))}
)
ACTIONS: Final = _block(
    "actions",
    {"elements": required(Items(elements_for("actions"), limits.ACTIONS_ELEMENTS))},
    rules=(_response_url_only_in_modal_inputs,),
)
CONTEXT_ACTIONS: Final = _block(
    "context_actions",
    {"elements": required(Items(elements_for("context_actions"), limits.CONTEXT_ACTIONS_ELEMENTS))},
    on=MESSAGES,
)
INPUT: Final = _block(
    "input",
    {
        "label": required(plain_text(limits.INPUT_LABEL)),
        "element": required(elements_for("input")),
        "hint": optional(plain_text(limits.INPUT_HINT)),
        "optional": optional(Flag()),
        "dispatch_action": optional(Flag()),
    },
    rules=(_response_url_only_in_modal_inputs,),
)
IMAGE: Final = _block(
    "image",
    {
        "alt_text": required(Text(limits.ALT_TEXT)),
        "image_url": optional(HTTP_URL),
        "slack_file": optional(SLACK_FILE),
        "title": optional(plain_text(limits.IMAGE_TITLE)),
    },
    rules=(exactly_one("image_url", "slack_file"),),
)
VIDEO: Final = _block(
    "video",
    {
        "alt_text": required(Text(limits.ALT_TEXT)),
        "title": required(plain_text(limits.VIDEO_TITLE)),
        "thumbnail_url": required(HTTP_URL),
        "video_url": required(HTTPS_URL),
        "title_url": optional(HTTPS_URL),
        "author_name": optional(Text(limits.VIDEO_AUTHOR)),
        "description": optional(plain_text(limits.VIDEO_DESCRIPTION)),
        "provider_name": optional(Text()),
        "provider_icon_url": optional(HTTP_URL),
    },
)
FILE: Final = _block(
    "file",
    {"external_id": required(Text()), "source": required(Choice(("remote",)))},
    on=MESSAGES,
)
MARKDOWN: Final = _block(
    "markdown", {"text": required(Text(limits.MARKDOWN_CHARACTERS))}, on=MESSAGES
)

RAW_TEXT: Final = Shape(
    page="block-kit/blocks/table-block", type="raw_text", fields={"text": required(Text())}
)
TABLE: Final = _block(
    "table",
    {
        "rows": required(
            Items(
                Items(one_of([RAW_TEXT, RICH_TEXT], "in a table", TEXTS), limits.TABLE_COLUMNS),
                limits.TABLE_ROWS,
            )
        ),
        "column_settings": optional(
            Items(
                OrNull(
                    Shape(
                        page="block-kit/blocks/table-block",
                        fields={
                            "align": optional(Choice(("left", "center", "right"))),
                            "is_wrapped": optional(Flag()),
                        },
                    )
                ),
                limits.TABLE_COLUMNS,
            )
        ),
    },
    on=MESSAGES,
)

BLOCKS: Final = (
    SECTION,
    HEADER,
    DIVIDER,
    CONTEXT,
    ACTIONS,
    CONTEXT_ACTIONS,
    INPUT,
    IMAGE,
    VIDEO,
    FILE,
    MARKDOWN,
    TABLE,
    RICH_TEXT,
)
ANY_BLOCK: Final = one_of(BLOCKS)
