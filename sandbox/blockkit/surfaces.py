"""Check whole payloads: a message with its blocks and attachments, a modal, a Home tab.

Sources, below https://docs.slack.dev/reference/: methods/chat.postMessage, views/modal-views,
views/home-tab-views; https://docs.slack.dev/messaging/message-metadata for metadata; and
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.blockkit import payload_rules
from sandbox.blockkit.base import limits
from sandbox.blockkit.base.composition_objects import HTTP_URL, plain_text
from sandbox.blockkit.base.errors import InvalidBlocks
from sandbox.blockkit.base.schema import (
    MODALS,
    Choice,
    Context,
    Flag,
    Integer,
    Items,
    Kind,
    OneOf,
    Shape,
    Surface,
    Text,
    one_of,
    optional,
    required,
)
from sandbox.blockkit.blocks import ANY_BLOCK

MESSAGE_BLOCKS: Final = Items(ANY_BLOCK, limits.MESSAGE_BLOCKS, minimum=0)
VIEW_BLOCKS: Final = Items(ANY_BLOCK, limits.VIEW_BLOCKS)
ANY_STRING: Final = Text(minimum=0)

# Legacy buttons and menus (`actions`) are refused: the practice Slack cannot show them.
ATTACHMENT: Final = Shape(
    page="../legacy/legacy-messaging/legacy-secondary-message-attachments",
    fields={
        "blocks": optional(MESSAGE_BLOCKS),
        "color": optional(
            Text(
                pattern=re.compile(r"good|warning|danger|#?[0-9A-Fa-f]{6}|#?[0-9A-Fa-f]{3}"),
                meaning="a color: good, warning, danger or a hex value",
            )
        ),
        "fields": optional(
            Items(
                Shape(
                    page="../legacy/legacy-messaging/legacy-secondary-message-attachments",
                    fields={
                        "title": optional(ANY_STRING),
                        "value": optional(ANY_STRING),
                        "short": optional(Flag()),
                    },
                )
            )
        ),
        "mrkdwn_in": optional(Items(Choice(("pretext", "text", "fields")), minimum=0)),
        "ts": optional(Integer(0)),
        **{
            name: optional(ANY_STRING)
            for name in (
                "fallback",
                "pretext",
                "author_name",
                "title",
                "text",
                "footer",
                "callback_id",
                "id",
            )
        },
        **{
            name: optional(HTTP_URL)
            for name in (
                "author_link",
                "author_icon",
                "title_link",
                "image_url",
                "thumb_url",
                "footer_icon",
            )
        },
    },
)


class _AnyObject:
    """An object with any fields."""

    def check(self, value: object, context: Context) -> None:
        if not isinstance(value, Mapping):
            context.report("must provide an object")


METADATA: Final = Shape(
    page="../messaging/message-metadata",
    fields={
        "event_type": required(
            Text(limits.ACTION_ID, pattern=re.compile(r"\w+", re.ASCII), meaning="alphanumeric")
        ),
        "event_payload": required(_AnyObject()),
    },
)

MESSAGE_PARTS: Final[Mapping[str, Kind]] = {
    "text": ANY_STRING,
    "blocks": MESSAGE_BLOCKS,
    "attachments": Items(ATTACHMENT, limits.ATTACHMENTS, minimum=0),
    "metadata": METADATA,
}

_VIEW_FIELDS: Final = {
    "blocks": required(VIEW_BLOCKS),
    "private_metadata": optional(Text(limits.PRIVATE_METADATA, minimum=0)),
    "callback_id": optional(Text(limits.CALLBACK_ID, minimum=0)),
    "external_id": optional(Text(limits.EXTERNAL_ID, minimum=0)),
}

MODAL: Final = Shape(
    page="views/modal-views",
    type="modal",
    surfaces=MODALS,
    fields={
        **_VIEW_FIELDS,
        "title": required(plain_text(limits.VIEW_TITLE)),
        "submit": optional(plain_text(limits.VIEW_TITLE)),
        "close": optional(plain_text(limits.VIEW_TITLE)),
        "clear_on_close": optional(Flag()),
        "notify_on_close": optional(Flag()),
    },
)
HOME: Final = Shape(
    page="views/home-tab-views",
    type="home",
    surfaces=frozenset({Surface.HOME}),
    fields=_VIEW_FIELDS,
)
VIEW: Final[OneOf] = one_of([MODAL, HOME])


def check_message(payload: object) -> None:
    """Check the content of a message: ``text``, ``blocks``, ``attachments``, ``metadata``.

    Arguments:
        payload: the decoded body of ``chat.postMessage``, ``chat.update``,
            ``chat.postEphemeral`` or of a request to a response URL. Other fields of it, such as
            ``channel``, are ignored.

    Errors:
        InvalidBlocks: with every broken rule. Its code is ``too_many_attachments`` for too many
            attachments, ``metadata_too_large`` and ``invalid_metadata_format`` when only the
            metadata is wrong, else ``invalid_blocks``.
    """
    context = Context(Surface.MESSAGE)
    if not isinstance(payload, Mapping):
        context.report("must provide an object")
        raise InvalidBlocks(context.errors)
    for name, kind in MESSAGE_PARTS.items():
        if name in payload:
            kind.check(payload[name], context.at(name))
    _check_message_blocks(payload, context)
    _check_metadata_size(payload.get("metadata"), context)
    if context.errors:
        raise InvalidBlocks(context.errors, _message_code(payload, context.errors))


def _check_message_blocks(payload: Mapping[str, Any], context: Context) -> None:
    blocks = list(payload_rules.located_blocks(payload.get("blocks"), context.at("blocks")))
    attachments = payload_rules.located_blocks(
        payload.get("attachments"), context.at("attachments")
    )
    for attachment in attachments:
        inside = attachment.value.get("blocks")
        blocks += payload_rules.located_blocks(inside, attachment.context.at("blocks"))
    payload_rules.unique_block_ids(blocks)
    payload_rules.unique_action_ids(blocks)
    payload_rules.tables(blocks)
    payload_rules.markdown(blocks)


def _check_metadata_size(metadata: object, context: Context) -> None:
    if metadata is not None and _size(metadata, context.at("metadata")) > limits.METADATA_BYTES:
        context.at("metadata").report(f"must be less than {limits.METADATA_BYTES + 1} bytes")


def _message_code(payload: Mapping[str, Any], errors: list[str]) -> str:
    attachments = payload.get("attachments")
    if isinstance(attachments, list | tuple) and len(attachments) > limits.ATTACHMENTS:
        return "too_many_attachments"
    if any("[json-pointer:/metadata" not in error for error in errors):
        return "invalid_blocks"
    too_large = any(f"{limits.METADATA_BYTES + 1} bytes" in error for error in errors)
    return "metadata_too_large" if too_large else "invalid_metadata_format"


def check_view(view: object) -> None:
    """Check a modal or a Home tab, by the view's ``type``.

    Arguments:
        view: the decoded ``view`` of ``views.open``, ``views.push``, ``views.update``,
            ``views.publish``, or of a ``response_action``.

    Errors:
        InvalidBlocks: with every broken rule. Its code is ``view_too_large`` above 250 KB, else
            ``invalid_arguments``.
    """
    is_home = isinstance(view, Mapping) and view.get("type") == "home"
    context = Context(Surface.HOME if is_home else Surface.MODAL, path=("view",))
    size = _size(view, context)
    if size > limits.VIEW_BYTES:
        context.report(f"must be less than {limits.VIEW_BYTES + 1} bytes")
        raise InvalidBlocks(context.errors, "view_too_large")
    VIEW.check(view, context)
    if isinstance(view, Mapping):
        _check_view_blocks(view, context)
    if context.errors:
        raise InvalidBlocks(context.errors, "invalid_arguments")


def _check_view_blocks(view: Mapping[str, Any], context: Context) -> None:
    blocks = list(payload_rules.located_blocks(view.get("blocks"), context.at("blocks")))
    payload_rules.unique_block_ids(blocks)
    payload_rules.unique_action_ids(blocks)
    payload_rules.one_focus(blocks)
    if view.get("type") == "modal" and "submit" not in view and payload_rules.has_input(blocks):
        context.report("missing required field: submit, which a view with input blocks needs")


def _size(value: object, context: Context) -> int:
    """Return the size of ``value`` as compact JSON in bytes; report an error if it is not JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        context.report("must be valid JSON")
        return 0
    return len(text.encode("utf-8", "surrogatepass"))
