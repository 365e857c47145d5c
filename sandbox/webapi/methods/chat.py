"""chat.*: posting, editing and deleting messages."""

from sandbox.base.errors import SlackError
from sandbox.state.models import Channel, ChannelKind, Json, Message
from sandbox.webapi.core import messages
from sandbox.webapi.core.call import Call, Method
from sandbox.webapi.core.pagination import page
from sandbox.webapi.core.scheduled_messages import Later
from sandbox.webapi.core.serializers import is_stranger, message_json

_WRITE = ("chat:write",)
_CUSTOMIZED = ("username", "icon_url", "icon_emoji")


def post_message(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postMessage"""
    place = _place(call)
    if any(call.given(name) for name in _CUSTOMIZED):
        call.need("chat:write.customize")
    _may_post(call, place)
    message, events = messages.post(
        call.workspace, call.install, place.id, _payload(call), thread_ts=_thread(call)
    )
    call.events += events
    return {
        "channel": place.id,
        "ts": message.ts,
        "message": message_json(call.workspace, message, metadata=True),
    }


def post_ephemeral(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral"""
    user = call.text("user", missing="invalid_arguments")
    with call.workspace.lock:
        place = call.channel()
        _may_post(call, place)
        if user not in place.members:
            raise SlackError("user_not_in_channel")
    message, _ = messages.post(
        call.workspace,
        call.install,
        place.id,
        _payload(call),
        thread_ts=_thread(call),
        ephemeral_for=user,
    )
    return {"message_ts": message.ts}


def update(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.update; blocks leave no "(edited)" behind."""
    payload = _payload(call)
    given_blocks = bool(payload["blocks"])
    if len(str(payload.get("text") or "")) > messages.UPDATE_TEXT:
        raise SlackError("msg_too_long")
    with call.workspace.change():
        place, message = _own_message(call, "cant_update_message")
        if not any(payload.get(name) is not None for name in ("text", "blocks", "attachments")):
            raise SlackError("no_text")
        if given_blocks and _is_rich(message.blocks) and not _is_rich(payload["blocks"]):
            raise SlackError("block_mismatch")
        _keep_what_is_not_given(payload, message)
        message, events = messages.edit(
            call.workspace, place.id, message.ts, payload, marked=not given_blocks
        )
    call.events += events
    return {
        "channel": place.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(call.workspace, message, metadata=True),
    }


def delete(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.delete"""
    with call.workspace.change():
        place, message = _own_message(call, "cant_delete_message")
        call.events += messages.remove(call.workspace, place.id, message.ts)
    return {"channel": place.id, "ts": message.ts}


def schedule_message(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.scheduleMessage"""
    place = _place(call)
    _may_post(call, place)
    payload = _payload(call)
    messages.content(payload)
    thread, workspace, install = _thread(call), call.workspace, call.install
    if thread is not None and workspace.find_message(place.id, thread) is None:
        raise SlackError("thread_not_found")

    def post(later: Later) -> None:
        _, events = messages.post(
            workspace, install, later.channel, later.payload, thread_ts=later.thread_ts
        )
        for event, channel in events:
            workspace.emit(event, channel)

    now = workspace.clock.now()
    later = call.later.add(place.id, call.whole("post_at"), now, payload, thread, post)
    text = str(payload["text"] or "")
    message = {"text": text, "type": "delayed_message", "bot_id": install.bot_id}
    return {
        "channel": place.id,
        "scheduled_message_id": later.id,
        "post_at": later.post_at,
        "message": message,
    }


def delete_scheduled(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.deleteScheduledMessage"""
    id_ = call.text("scheduled_message_id", missing="invalid_scheduled_message_id")
    call.later.take_back(id_, call.channel().id)
    return {}


def list_scheduled(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.scheduledMessages.list"""
    only = call.channel().id if call.given("channel") else None
    waiting = [
        each
        for each in list(call.later.messages.values())
        if only in (None, each.channel)
        and each.post_at >= call.whole("oldest", 0)
        and each.post_at <= call.whole("latest", each.post_at)
    ]
    shown, metadata = page(call, sorted(waiting, key=lambda each: each.post_at))
    return {
        "scheduled_messages": [each.shown() for each in shown],
        "response_metadata": metadata,
    }


def get_permalink(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.getPermalink"""
    ts = call.text("message_ts", missing="message_not_found")
    with call.workspace.lock:
        place = call.channel()
        message = call.workspace.find_message(place.id, ts)
        if message is None or message.ephemeral_for is not None:
            raise SlackError("message_not_found")
    link = f"https://{call.workspace.domain}.slack.com/archives/{place.id}/p{ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != ts:
        link += f"?thread_ts={message.thread_ts}&cid={place.id}"
    return {"channel": place.id, "permalink": link}


def _payload(call: Call) -> Json:
    return {
        "text": call.args.get("text"),
        "blocks": call.json("blocks", broken="invalid_blocks_format"),
        "attachments": call.json("attachments", broken="invalid_attachments_format"),
        "metadata": call.json("metadata", broken="invalid_metadata_format"),
    }


def _keep_what_is_not_given(payload: Json, message: Message) -> None:
    """Attachments stay unless given; the blocks stay unless they or a text are given."""
    if payload["attachments"] is None:
        # Without the numbers, which are given out anew.
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


def _place(call: Call) -> Channel:
    """Where to post: an id, a channel's name, or a person's id, whose DM is then opened."""
    given = call.text("channel", missing="channel_not_found")
    workspace = call.workspace
    person = workspace.account(given)
    if person is not None:
        if person.is_bot or person.deleted:
            raise SlackError("channel_not_found")
        if person.is_outsider and is_stranger(workspace, call.install, person.id):
            raise SlackError("channel_not_found")
        if not workspace.manifest.messages_tab:
            raise SlackError("messages_tab_disabled")
        return messages.direct(workspace, person.id, call.install.bot_user)
    found = workspace.channel(given) or workspace.channel_named(given)
    if found is None or not call.can_see(found):
        raise SlackError("channel_not_found")
    return found


def _may_post(call: Call, place: Channel) -> None:
    if place.archived:
        raise SlackError("is_archived")
    if place.kind is ChannelKind.IM:
        _may_write_to(call, place)
    elif (
        call.install.bot_user not in place.members
        and "chat:write.public" not in call.install.scopes
    ):
        raise SlackError("not_in_channel")


def _may_write_to(call: Call, direct: Channel) -> None:
    if not call.workspace.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    for member in direct.members:
        account = call.workspace.account(member)
        if account is None or account.deleted:
            raise SlackError("channel_not_found")


def _own_message(call: Call, refusal: str) -> tuple[Channel, Message]:
    ts = call.text("ts", missing="message_not_found")
    place = call.channel()
    message = call.workspace.find_message(place.id, ts)
    if message is None or message.ephemeral_for is not None:
        raise SlackError("message_not_found")
    if message.bot_id != call.install.bot_id or message.by_slack:
        raise SlackError(refusal)
    if place.archived:
        raise SlackError("is_inactive")
    return place, message


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
