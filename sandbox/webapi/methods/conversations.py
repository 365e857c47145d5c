"""conversations.*: channels, direct messages, and their messages."""

from collections.abc import Callable

from sandbox.base.errors import SlackError
from sandbox.state.models import Channel, ChannelKind, Json, Message
from sandbox.webapi.core import messages
from sandbox.webapi.core.call import Call, Method
from sandbox.webapi.core.pagination import page
from sandbox.webapi.core.serializers import channel_json, is_stranger, message_json

_PREFIX = {
    ChannelKind.PUBLIC: "channels",
    ChannelKind.PRIVATE: "groups",
    ChannelKind.IM: "im",
    ChannelKind.MPIM: "mpim",
}
_DISTRIBUTED_PAGE = 15
"""The most messages that a distributed app gets at a time."""
_READ = tuple(f"{prefix}:read" for prefix in _PREFIX.values())
_HISTORY = tuple(f"{prefix}:history" for prefix in _PREFIX.values())


def open_(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.open (one person at a time)"""
    if call.given("channel"):
        with call.workspace.lock:
            return {"channel": _opened(call, call.channel())}
    users = call.args.get("users") or []
    if not isinstance(users, str | list):
        raise SlackError("invalid_arguments")
    names = users.split(",") if isinstance(users, str) else users
    wanted = [str(u).strip() for u in names if str(u).strip()]
    if not wanted:
        raise SlackError("users_list_not_supplied")
    if len(wanted) > 1:
        # There are no group direct messages here; Slack gives some callers the same error.
        raise SlackError("method_not_supported_for_channel_type")
    user = _may_open(call, wanted[0])
    was_open = call.workspace.direct_between(user, call.install.bot_user) is not None
    opened = messages.open_direct(call.workspace, user, call.install.bot_user)
    known = {"no_op": True, "already_open": True} if was_open else {}
    return {"channel": _opened(call, opened), **known}


def info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info"""
    with call.workspace.lock:
        channel = _readable(call, "read")
        result = channel_json(call.workspace, call.install, channel)
        if not call.flag("include_num_members"):
            result.pop("num_members", None)
    return {"channel": result}


def list_(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.list"""
    call.need_team()
    asked = call.text("types") if call.given("types") else "public_channel"
    kinds = set()
    for name in asked.split(","):
        try:
            kinds.add(ChannelKind(name.strip()))
        except ValueError:
            raise SlackError("invalid_types") from None
    for kind in sorted(kinds):
        call.need(f"{_PREFIX[kind]}:read")
    with call.workspace.lock:
        found = [
            c
            for c in call.workspace.channels.values()
            if c.kind in kinds
            and call.can_see(c)
            and not (c.archived and call.flag("exclude_archived"))
        ]
        page_items, metadata = page(call, found)
        result = [channel_json(call.workspace, call.install, c) for c in page_items]
    return {"channels": result, "response_metadata": metadata}


def members(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.members"""
    with call.workspace.lock:
        page_items, metadata = page(call, _readable(call, "read").members)
    return {"members": page_items, "response_metadata": metadata}


def history(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.history"""
    with call.workspace.lock:
        channel, in_window = _read_inside(call), _window(call)
        found = [
            m
            for m in reversed(call.workspace.messages.get(channel.id, []))
            if m.ephemeral_for is None and m.thread_ts in (None, m.ts) and in_window(m)
        ]
        return _messages(call, found)


def replies(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.replies"""
    ts = call.text("ts", missing="thread_not_found")
    with call.workspace.lock:
        channel, in_window = _read_inside(call), _window(call)
        root = call.workspace.find_message(channel.id, ts)
        if root is None or root.ephemeral_for is not None:
            raise SlackError("thread_not_found")
        found = [
            m
            for m in call.workspace.messages[channel.id]
            if m.ephemeral_for is None and ts in (m.ts, m.thread_ts) and (m is root or in_window(m))
        ]
        return _messages(call, found)


def join(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.join"""
    workspace, bot = call.workspace, call.install.bot_user
    with workspace.change():
        channel = call.channel()
        if channel.kind is not ChannelKind.PUBLIC:
            raise SlackError("method_not_supported_for_channel_type")
        if channel.archived:
            raise SlackError("is_archived")
        joined = bot not in channel.members
        if joined:
            channel.members.append(bot)
            event = {
                "type": "member_joined_channel",
                "user": bot,
                "channel": channel.id,
                "channel_type": "C",
                "team": workspace.team_id,
                "event_ts": workspace.next_ts(),
            }
            call.events.append((event, channel.id))
        else:
            call.warnings.append("already_in_channel")
        return {"channel": channel_json(workspace, call.install, channel)}


def _may_open(call: Call, user: str) -> str:
    """Return the id of a person with whom a direct message can be opened."""
    call.need("im:write")
    account = call.workspace.account(user)
    if account is None:
        raise SlackError("user_not_found")
    if account.is_bot:
        raise SlackError("cannot_dm_bot")
    if account.deleted:
        raise SlackError("user_disabled")
    if account.is_outsider and is_stranger(call.workspace, call.install, user):
        raise SlackError("user_not_visible")
    return account.id


def _opened(call: Call, channel: Channel) -> Json:
    if call.flag("return_im"):
        return channel_json(call.workspace, call.install, channel)
    return {"id": channel.id}


def _readable(call: Call, what: str) -> Channel:
    channel = call.channel()
    call.need(f"{_PREFIX[channel.kind]}:{what}")
    return channel


def _read_inside(call: Call) -> Channel:
    channel = _readable(call, "history")
    if call.install.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _window(call: Call) -> Callable[[Message], bool]:
    """Return a test of whether a message is between ``oldest`` and ``latest``."""
    oldest, latest = _timestamp(call, "oldest"), _timestamp(call, "latest")
    inclusive = call.flag("inclusive")

    def in_window(message: Message) -> bool:
        at = float(message.ts)
        if inclusive and at in (oldest, latest):
            return True
        return (oldest is None or at > oldest) and (latest is None or at < latest)

    return in_window


def _timestamp(call: Call, name: str) -> float | None:
    if not call.given(name):
        return None
    try:
        return float(call.args[name])
    except (TypeError, ValueError):
        raise SlackError(f"invalid_ts_{name}") from None


def _messages(call: Call, found: list[Message]) -> Json:
    most = _DISTRIBUTED_PAGE if call.workspace.restrictions.distributed else 1000
    page_items, metadata = page(call, found, most=most)
    result = [
        message_json(call.workspace, m, metadata=call.flag("include_all_metadata"))
        for m in page_items
    ]
    more = bool(metadata["next_cursor"])
    answer: Json = {"messages": result, "has_more": more}
    return answer | ({"response_metadata": metadata} if more else {})


METHODS = {
    "conversations.open": Method(open_, ("im:write",)),
    "conversations.info": Method(info, _READ),
    "conversations.list": Method(list_, _READ),
    "conversations.members": Method(members, _READ),
    "conversations.history": Method(history, _HISTORY),
    "conversations.replies": Method(replies, _HISTORY),
    "conversations.join": Method(join, ("channels:join",)),
}
