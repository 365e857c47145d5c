"""Post, edit and delete messages as the app, and return the events to emit."""

import copy
from collections.abc import Mapping

from sandbox.base.errors import SlackError
from sandbox.base.ids import new_id
from sandbox.blockkit import check_message
from sandbox.blockkit.base.limits import MESSAGE_TEXT
from sandbox.delivery.subscriptions import channel_type
from sandbox.state.installation import Installation
from sandbox.state.models import Channel, ChannelKind, Json, Message
from sandbox.state.workspace import Workspace
from sandbox.webapi.core.defaults import with_defaults
from sandbox.webapi.core.serializers import message_json

_STORED_FIELDS = ("metadata", "unfurl_links", "unfurl_media")

Event = tuple[Json, str | None]
"""An event and the channel it happened in, for `Workspace.emit` once the lock is free."""


def content(payload: Mapping[str, object]) -> Json:
    """Check a message's content and return its `text`, `blocks` and `payload` to store.

    Raises:
        InvalidBlocks: Block Kit's rules are broken.
        SlackError: ``no_text`` when there is nothing to show.
    """
    given: Json = {k: v for k, v in payload.items() if v is not None and v != ""}
    check_message(given)
    text, blocks = str(given.get("text", "")), given.get("blocks") or []
    attachments = copy.deepcopy(given.get("attachments") or [])
    if not (text.strip() or blocks or attachments):
        raise SlackError("no_text")
    for number, attachment in enumerate(attachments, 1):
        attachment.setdefault("id", number)
        attachment.setdefault("fallback", "[no preview available]")
        if "blocks" in attachment:
            attachment["blocks"] = with_defaults(attachment["blocks"])
    stored: Json = {k: copy.deepcopy(given[k]) for k in _STORED_FIELDS if k in given}
    if attachments:
        stored["attachments"] = attachments
    return {"text": text[:MESSAGE_TEXT], "blocks": with_defaults(blocks), "payload": stored}


def post(
    workspace: Workspace,
    install: Installation,
    channel: str,
    payload: Mapping[str, object],
    *,
    thread_ts: str | None = None,
    ephemeral_for: str | None = None,
) -> tuple[Message, list[Event]]:
    """Post as the app, after callers have checked that it may. Returns the message and its events.

    Raises:
        InvalidBlocks, SlackError: see `content`; ``thread_not_found``.
    """
    made = content(payload)
    with workspace.change():
        if thread_ts is not None and workspace.find_message(channel, thread_ts) is None:
            raise SlackError("thread_not_found")
        message = Message(
            channel=channel,
            ts=workspace.next_ts(),
            user=install.bot_user,
            bot_id=install.bot_id,
            app_id=install.app_id,
            thread_ts=thread_ts,
            ephemeral_for=ephemeral_for,
            **made,
        )
        workspace.messages.setdefault(channel, []).append(message)
        event = message_event(workspace, message, message_json(workspace, message))
        return copy.deepcopy(message), [] if ephemeral_for else [event]


def edit(
    workspace: Workspace, channel: str, ts: str, payload: Mapping[str, object], *, marked: bool
) -> tuple[Message, list[Event]]:
    """Replace a message's content; what is not given is removed, except the metadata.

    Args:
        marked: whether people see "(edited)", as after ``chat.update`` with a new text.

    Raises:
        InvalidBlocks, SlackError: see `content`; ``message_not_found``.
    """
    made = content(payload)
    with workspace.change():
        message = workspace.find_message(channel, ts)
        if message is None:
            raise SlackError("message_not_found")
        before = message_json(workspace, message)
        if "metadata" in message.payload:
            made["payload"].setdefault("metadata", message.payload["metadata"])
        message.text, message.blocks, message.payload = (
            made["text"],
            made["blocks"],
            made["payload"],
        )
        message.inputs, message.notices = {}, {}
        message.revision += 1
        if marked:
            message.edited_ts, message.edited_by = workspace.next_ts(), message.user
        event = message_event(
            workspace,
            message,
            {
                "type": "message",
                "subtype": "message_changed",
                "hidden": True,
                "message": message_json(workspace, message),
                "previous_message": before,
                "ts": workspace.next_ts(),
            },
        )
        return copy.deepcopy(message), [] if message.ephemeral_for else [event]


def remove(workspace: Workspace, channel: str, ts: str) -> list[Event]:
    """Delete a message. Raises SlackError: ``message_not_found``."""
    with workspace.change():
        message = workspace.find_message(channel, ts)
        if message is None:
            raise SlackError("message_not_found")
        workspace.messages[channel].remove(message)
        event = message_event(
            workspace,
            message,
            {
                "type": "message",
                "subtype": "message_deleted",
                "hidden": True,
                "deleted_ts": ts,
                "previous_message": message_json(workspace, message),
                "ts": workspace.next_ts(),
            },
        )
        return [] if message.ephemeral_for else [event]


def message_event(workspace: Workspace, message: Message, body: Json) -> Event:
    """Return the event about a message: hold the lock."""
    channel = workspace.channels[message.channel]
    about = {
        "channel": channel.id,
        "channel_type": channel_type(channel.kind),
        "event_ts": body["ts"],
    }
    return body | about, channel.id


def open_direct(workspace: Workspace, user: str, other: str) -> Channel:
    """Return a copy of the direct message of two accounts, opened if there is none."""
    with workspace.lock:
        found = workspace.direct_between(user, other)
        if found is not None:
            return found
        with workspace.change():
            channel = Channel(
                id=new_id("D"),
                name="",
                kind=ChannelKind.IM,
                created=workspace.clock.now(),
                creator=other,
                members=[user, other],
            )
            workspace.channels[channel.id] = channel
            return copy.deepcopy(channel)
