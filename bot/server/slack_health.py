"""What is wrong between the bot and Slack: its connection, token, channel and permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.slack_api.errors import ChannelFault

OK = "ok"
PARTS = ("connection", "token", "channel", "scopes")
_CODES = {
    ChannelFault.NOT_A_MEMBER: "not_in_channel",
    ChannelFault.NOT_FOUND: "channel_not_found",
    ChannelFault.ARCHIVED: "is_archived",
    ChannelFault.RESTRICTED: "restricted_action",
}


@dataclass(frozen=True, slots=True)
class SlackHealth:
    """Says what is wrong, part by part. Each callable returns what is wrong; empty if nothing.

    Attributes:
        channel: Slack's error code for the team's channel. May block.
        scopes: the permissions that the app lacks.
    """

    connection: Callable[[], str]
    token: Callable[[], str]
    channel: Callable[[], str]
    scopes: Callable[[], str]

    def report(self) -> Mapping[str, str]:
        """Return what is wrong by part; `ok` for a part that works. Blocks."""
        return {part: self.problem(part) or OK for part in PARTS}

    def problem(self, part: str) -> str:
        """Return what is wrong with one of `PARTS`; empty if nothing. Blocks."""
        check: Callable[[], str] = getattr(self, part)
        return check()


def slack_code(fault: str) -> str:
    """Return Slack's error code for a fault of the channel; empty if there is none."""
    return _CODES.get(ChannelFault(fault), fault) if fault in list(ChannelFault) else fault


def not_running(problem: str) -> Mapping[str, str]:
    """Return the report of a bot that does not run."""
    return {"connection": problem}
