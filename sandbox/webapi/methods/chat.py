"""chat.*: posting, editing and deleting messages."""

from sandbox.base.errors import SlackError
from sandbox.blockkit.base.limits import UPDATE_TEXT
from sandbox.state.models import Channel, ChannelKind, Json, Message
from sandbox.webapi.core import messages
from sandbox.webapi.core.call import Call, Method
from sandbox.webapi.core.pagination import page
from sandbox.webapi.core.scheduled_messages import ScheduledMessage
from sandbox.webapi.core.serializers import is_stranger, message_json

_WRITE = ("chat:write",)
_CUSTOMIZED = ("username", "icon_url", "icon_emoji")


def post_message(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postMessage"""
    channel = _target_channel(call)
    if any(call.given(name) for name in _CUSTOMIZED):
        call.need("chat:write.customize")
    _may_post(call, channel)
    message, events = messages.post(
        call.workspace, call.install, channel.id, _payload(call), thread_ts=_thread(call)
    )
    call.events += events
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_json(call.workspace, message, metadata=True),
    }


def post_ephemeral(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral"""
    user = call.text("user", missing="invalid_arguments")
    person = call.workspace.account(user)
    user = person.id if person else user
    with call.workspace.lock:
        channel = call.channel()
        _may_post(call, channel)
        if user not in channel.members:
            raise SlackError("user_not_in_channel")
    message, _ = messages.post(
        call.workspace,
        call.install,
        channel.id,
        _payload(call),
        thread_ts=_thread(call),
        ephemeral_for=user,
    )
    return {"message_ts": message.ts}


def update(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.update; with blocks there is no "(edited)"."""
    payload = _payload(call)
    given_blocks = bool(payload["blocks"])
    if len(str(payload.get("text") or "")) > UPDATE_TEXT:
        raise SlackError("msg_too_long")
    with call.workspace.change():
        channel, message = _own_message(call, "cant_update_message")
        window = call.workspace.restrictions.edit_window
        if window is not None and call.workspace.clock.now() - float(message.ts) > window:
            raise SlackError("edit_window_closed")
        if not any(payload.get(name) is not None for name in ("text", "blocks", "attachments")):
            raise SlackError("no_text")
        if given_blocks and _is_rich(message.blocks) and not _is_rich(payload["blocks"]):
            raise SlackError("block_mismatch")
        _fill_omitted(payload, message)
        message, events = messages.edit(
            call.workspace, channel.id, message.ts, payload, marked=not given_blocks
        )
    call.events += events
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(call.workspace, message, metadata=True),
    }


def delete(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.delete"""
    with call.workspace.change():
        channel, message = _own_message(call, "cant_delete_message")
        call.events += messages.remove(call.workspace, channel.id, message.ts)
    return {"channel": channel.id, "ts": message.ts}


def schedule_message(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.scheduleMessage"""
    channel = _target_channel(call)
    _may_post(call, channel)
    payload = _payload(call)
    messages.content(payload)
    thread, workspace, install = _thread(call), call.workspace, call.install
    if thread is not None and workspace.find_message(channel.id, thread) is None:
        raise SlackError("thread_not_found")

    def post(scheduled: ScheduledMessage) -> None:
        _, events = messages.post(
            workspace, install, scheduled.channel, scheduled.payload, thread_ts=scheduled.thread_ts
        )
        for event in events:
            workspace.emit(*event)

    now = workspace.clock.now()
    scheduled = call.scheduled_messages.add(
        channel.id, call.integer("post_at"), now, payload, thread, post
    )
    text = str(payload["text"] or "")
    message = {"text": text, "type": "delayed_message", "bot_id": install.bot_id}
    return {
        "channel": channel.id,
        "scheduled_message_id": scheduled.id,
        "post_at": scheduled.post_at,
        "message": message,
    }


def delete_scheduled(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.deleteScheduledMessage"""
    id_ = call.text("scheduled_message_id", missing="invalid_scheduled_message_id")
    call.scheduled_messages.cancel(id_, call.channel().id)
    return {}


def list_scheduled(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.scheduledMessages.list"""
    only = call.channel().id if call.given("channel") else None
    waiting = [
        each
        for each in list(call.scheduled_messages.messages.values())
        if only in (None, each.channel)
        and each.post_at >= call.integer("oldest", 0)
        and each.post_at <= call.integer("latest", each.post_at)
    ]
    listed, metadata = page(call, sorted(waiting, key=lambda each: each.post_at))
    return {
        "scheduled_messages": [each.to_json() for each in listed],
        "response_metadata": metadata,
    }


def get_permalink(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.getPermalink"""
    ts = call.text("message_ts", missing="message_not_found")
    with call.workspace.lock:
        channel = call.channel()
        message = call.workspace.find_message(channel.id, ts)
        if message is None or message.ephemeral_for is not None:
            raise SlackError("message_not_found")
    link = f"https://{call.workspace.domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _payload(call: Call) -> Json:
    return {
        "text": call.args.get("text"),
        "blocks": call.json("blocks", broken="invalid_blocks_format"),
        "attachments": call.json("attachments", broken="invalid_attachments_format"),
        "metadata": call.json("metadata", broken="invalid_metadata_format"),
    }


def _fill_omitted(payload: Json, message: Message) -> None:
    """Keep a message's attachments unless given, and its blocks unless blocks or text are given."""
    if payload["attachments"] is None:
        # Without the ids, which are assigned again.
        payload["attachments"] = [
            {k: v for k, v in attachment.items() if k != "id"}
            for attachment in message.payload.get("attachments", [])
        ]
    if payload["blocks"] is None and payload["text"] is None:
        payload["text"], payload["blocks"] = message.text, message.blocks


def _is_rich(blocks: list[Json]) -> bool:
    return any(block.get("type") == "rich_text" for block in blocks)


def _thread(call: Call) -> str | None:
    return call.text("thread_ts") if call.given("thread_ts") else None


def _target_channel(call: Call) -> Channel:
    """Return where to post: by channel id or name, or by user id, whose DM is then opened."""
    given = call.text("channel", missing="channel_not_found")
    workspace = call.workspace
    person = workspace.account(given)
    if person is not None:
        if person.is_bot:
            raise SlackError("channel_not_found")
        if person.is_outsider and is_stranger(workspace, call.install, person.id):
            raise SlackError("channel_not_found")
        if not workspace.manifest.messages_tab:
            raise SlackError("messages_tab_disabled")
        return messages.open_direct(workspace, person.id, call.install.bot_user)
    found = workspace.channel(given)
    if found is None:
        # A name works for a public channel, and only where it is clear in which workspace.
        found = None if call.install.org_wide else workspace.channel_named(given)
        if found is None or found.kind is not ChannelKind.PUBLIC:
            raise SlackError("channel_not_found")
    if not call.can_see(found):
        raise SlackError("channel_not_found")
    return found


def _may_post(call: Call, channel: Channel) -> None:
    if channel.archived:
        raise SlackError("is_archived")
    if channel.kind is ChannelKind.IM:
        # A message into the conversation with a deactivated person is accepted.
        if not call.workspace.manifest.messages_tab:
            raise SlackError("messages_tab_disabled")
    elif (
        call.install.bot_user not in channel.members
        and "chat:write.public" not in call.install.scopes
    ):
        raise SlackError("not_in_channel")


def _own_message(call: Call, refusal: str) -> tuple[Channel, Message]:
    ts = call.text("ts", missing="message_not_found")
    channel = call.channel()
    message = call.workspace.find_message(channel.id, ts)
    if message is None or message.ephemeral_for is not None:
        raise SlackError("message_not_found")
    if message.bot_id != call.install.bot_id or message.by_slack:
        raise SlackError(refusal)
    if channel.archived:
        raise SlackError("is_inactive")
    return channel, message


METHODS = {
    "chat.postMessage": Method(post_message, _WRITE),
    "chat.postEphemeral": Method(post_ephemeral, _WRITE),
    "chat.update": Method(update, _WRITE),
    "chat.delete": Method(delete, _WRITE),
    "chat.getPermalink": Method(get_permalink),
    "chat.scheduleMessage": Method(schedule_message, _WRITE),
    "chat.deleteScheduledMessage": Method(delete_scheduled, _WRITE),
    "chat.scheduledMessages.list": Method(list_scheduled),
}
