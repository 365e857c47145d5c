"""Run slash commands and post messages that users type into the message box."""

import re

from sandbox.base.errors import SandboxError, SlackError
from sandbox.base.ids import new_secret
from sandbox.delivery.dispatcher import Ack, NotAcknowledged
from sandbox.delivery.runtime import SandboxRuntime
from sandbox.delivery.subscriptions import channel_type
from sandbox.state.manifest import Command
from sandbox.state.models import Account, Channel, ChannelKind, Json, Message
from sandbox.state.workspace import Workspace
from sandbox.webapi.core import messages

MESSAGE_LIMIT = 12_000
"""The most characters that Slack's message box accepts."""

_MENTION = re.compile(r"(?<![\w<])@([\w.-]*\w)")
_CHANNEL = re.compile(r"(?<![\w<])#([\w-]+)")


def offered_commands(account: Account, workspace: Workspace) -> list[Command]:
    """Return the commands a user may run; people of other organisations have none."""
    return [] if account.is_outsider else list(workspace.manifest.commands)


def run_command(
    runtime: SandboxRuntime, account: Account, channel: Channel, typed: str, thread: str | None
) -> None:
    """Run the command in `typed`, which starts with a slash."""
    name, _, text = typed.partition(" ")
    offered = offered_commands(account, runtime.workspace)
    command = next((c for c in offered if c.name.lower() == name.lower()), None)
    post_as_slackbot = runtime.responses.post_as_slackbot
    if command is None or not runtime.install.active:
        post_as_slackbot(channel.id, account.id, f"{name} is not a valid command.")
        return
    if thread is not None:
        post_as_slackbot(channel.id, account.id, f"{name} is not supported in threads. Sorry!")
        return
    text = text.strip()
    body = runtime.payloads.command(
        account,
        channel,
        command,
        with_mentions(runtime.workspace, text, named=True) if command.should_escape else text,
        trigger=runtime.triggers.issue(account.id),
        response_url=runtime.response_url(
            runtime.response_urls.issue(account.id, channel.id, None)
        ),
    )
    try:
        answer = runtime.dispatcher.deliver(body, "slash_commands", "slash_commands")
        _post_answer(runtime, account, channel, answer)
    except NotAcknowledged as error:
        post_as_slackbot(channel.id, account.id, f'{name} failed with the error "{error.code}"')
    except SlackError:
        post_as_slackbot(
            channel.id, account.id, f'{name} failed with the error "invalid_command_response"'
        )


def _post_answer(runtime: SandboxRuntime, account: Account, channel: Channel, answer: Ack) -> None:
    if not answer:
        return
    body: Json = {"text": answer} if isinstance(answer, str) else answer
    runtime.responses.post(channel.id, account.id, body)


def with_mentions(workspace: Workspace, text: str, *, named: bool) -> str:
    """Return `text` with the people and channels it names as ``<@U…>`` and ``<#C…>``.

    Args:
        named: add their names after a bar, as commands with `should_escape` get them
            (https://docs.slack.dev/interactivity/implementing-slash-commands).
    """

    def person(match: re.Match[str]) -> str:
        found = workspace.account_named(match[1])
        if found is None:
            return match[0]
        return f"<@{found.id}|{found.name}>" if named else f"<@{found.id}>"

    def channel(match: re.Match[str]) -> str:
        found = workspace.channel_named(match[1])
        return f"<#{found.id}|{found.name}>" if found else match[0]

    return _CHANNEL.sub(channel, _MENTION.sub(person, text))


def post_message(
    runtime: SandboxRuntime, account: Account, channel: Channel, text: str, thread: str | None
) -> None:
    """Post what a user typed, and emit the event.

    Raises:
        SandboxError: Slack's message box would refuse it.
    """
    if not text.strip() or len(text) > MESSAGE_LIMIT or channel.archived:
        raise SandboxError("the message box refuses this text here")
    workspace = runtime.workspace
    direct_with_app = channel.kind is ChannelKind.IM and runtime.install.bot_user in channel.members
    manifest = workspace.manifest
    if direct_with_app and (manifest.messages_tab_read_only or not manifest.messages_tab):
        raise SandboxError("sending messages to this app is turned off in its manifest")
    stored = _stored_text(workspace, text)
    with workspace.change():
        ts = workspace.next_ts()
        message = Message(channel.id, ts, account.id, stored, thread_ts=thread)
        workspace.messages.setdefault(channel.id, []).append(message)
    workspace.emit(_message_event(workspace, channel, message, account), channel.id)


def edit_message(
    runtime: SandboxRuntime, account: Account, channel: Channel, ts: str, text: str
) -> None:
    """Edit a message that this user wrote, and emit the event.

    Raises:
        SandboxError: Slack's message box would refuse it, or the message is not this user's.
    """
    workspace = runtime.workspace
    message = workspace.find_message(channel.id, ts)
    if message is None or message.user != account.id or message.ephemeral_for is not None:
        raise SandboxError(f"{account.name} has no message {ts} here to edit")
    if not text.strip() or len(text) > MESSAGE_LIMIT or channel.archived:
        raise SandboxError("the message box refuses this text here")
    stored = {"text": _stored_text(workspace, text)}
    _, events = messages.edit(workspace, channel.id, ts, stored, marked=True)
    for event in events:
        workspace.emit(*event)


def _stored_text(workspace: Workspace, text: str) -> str:
    """Return typed text as Slack stores it: with its three escapes, and ids for names."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return with_mentions(workspace, escaped, named=False)


def _message_event(
    workspace: Workspace, channel: Channel, message: Message, account: Account
) -> Json:
    event: Json = {
        "type": "message",
        "user": account.id,
        "ts": message.ts,
        "client_msg_id": new_secret(32),
        "text": message.text,
        "team": workspace.team_id,
        "user_team": account.home_team,
        "channel": channel.id,
        "event_ts": message.ts,
        "channel_type": channel_type(channel.kind),
    }
    return event | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
