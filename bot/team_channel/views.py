"""The messages and the notice in App Home about the team's channel."""

from __future__ import annotations

from datetime import datetime

from bot.slack_api.errors import ChannelFault
from bot.ui import ids
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    clip,
    context,
    escape,
    format_time,
    line,
    message,
    person,
    plain,
    section,
    sentence,
    text_element,
)
from keys.base.actors import Actor
from keys.credentials.tokens import redact

LINE_MAX = 200
_HAPPENED = {
    ChannelFault.NOT_A_MEMBER: "the app is not in it",
    ChannelFault.NOT_FOUND: "the app cannot find it: it is private or was deleted",
    ChannelFault.ARCHIVED: "it is archived",
    ChannelFault.RESTRICTED: "the app may not post there",
}
_TO_DO = {
    ChannelFault.NOT_A_MEMBER: "Type `/invite @API keys` in the channel",
    ChannelFault.NOT_FOUND: "If the channel is private, type `/invite @API keys` there",
    ChannelFault.ARCHIVED: "Unarchive the channel",
    ChannelFault.RESTRICTED: "Ask an admin of the workspace to allow it",
}


def happened(fault: str) -> str:
    """Return why nothing can be posted, as the end of a sentence."""
    return _HAPPENED.get(ChannelFault(fault), "") if fault in list(ChannelFault) else fault


def to_do(fault: str) -> str:
    """Return what a person can do about it, as a sentence."""
    first = _TO_DO.get(ChannelFault(fault), "") if fault in list(ChannelFault) else ""
    return f"{first}, or choose another channel." if first else "Choose another channel."


def reminder(name: str, fault: str, since: datetime, waiting: int) -> Message:
    """Render the direct message to an admin: what happened, and what to do."""
    what = f"I can't post in {name}: {happened(fault)}"
    held = f"{waiting:,} messages wait" if waiting != 1 else "1 message waits"
    return message(
        sentence(f"{what}", format_time(since, ", since "), "."),
        section(to_do(fault)),
        choice(),
        context(
            f"{held}, and requests stand in my Home tab. I'll post what was missed when the "
            "channel is back."
        ),
    )


def notice(name: str, fault: str, since: datetime) -> list[Block]:
    """Render the notice in an admin's App Home."""
    return [
        sentence(
            {"type": "emoji", "name": "warning"}, " ",
            text_element(f"I can't post in {name}: {happened(fault)}", bold=True),
            format_time(since, ", since "), ".",
        ),
        section(to_do(fault)),
        choice(),
        {"type": "divider"},
    ]  # fmt: skip


def choice() -> Block:
    """Render the menu from which an admin chooses another channel."""
    menu: Element = {
        "type": "conversations_select",
        "action_id": ids.CHANNEL_CHOOSE,
        "placeholder": plain("Choose another channel"),
        "filter": {"include": ["public", "private"], "exclude_external_shared_channels": True},
    }
    return actions(menu)


def shared(channel_id: str, external: bool, members: int) -> Message:
    """Render the warning to an admin about who reads the team's channel."""
    who = (
        "is shared with another organisation"
        if external
        else f"has {members:,} members, who all read it"
    )
    return message(
        sentence("I post news of API keys in ", _channel(channel_id), f". It {who}."),
        section(
            "They see the names and scopes of keys, their owners, and who did what. They never see "
            "a token, and only admins can use the buttons."
        ),
        choice(),
    )


def back(since: datetime, count: int, missed: list[str]) -> Message:
    """Render what the team has missed."""
    listed = [line(text_element(clip(redact(one), LINE_MAX))) for one in missed]
    more = count - len(listed)
    return message(
        sentence(
            "While this channel was out of reach", format_time(since, " (since "),
            f"), {count:,} messages were not posted:",
        ),
        *([bullets(listed)] if listed else []),
        *([context(f"… and {more:,} more. Each key's details have its history.")] if more else []),
    )  # fmt: skip


def chosen(actor: Actor, before: str) -> Message:
    """Render the first message in a channel that an admin chose."""
    return message(
        sentence(
            person(actor), " chose this channel for news of API keys. Before, they were posted in ",
            _channel(before), ".",
        ),
    )  # fmt: skip


def _channel(name: str) -> Element:
    if name.startswith("#"):
        return text_element(name)
    return {"type": "channel", "channel_id": name}


def refused(why: str) -> Message:
    """Render that a chosen channel does not work."""
    return message(section(escape(f"I can't post there. {why}")))
