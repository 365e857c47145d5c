"""Events of the team's channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from keys.changes.events import Event
from keys.changes.outbox import to_person


class ChannelLost(Event, kind="channel.lost"):
    """The team's channel can no longer be posted in.

    Args:
        setting: its name or id, as the setting has it.
        fault: why, in a word.
    """

    def __init__(self, setting: str, fault: str) -> None:
        super().__init__(None, {"channel": setting, "fault": fault})


class ChannelReminded(Event, kind="channel.reminded"):
    """An admin is told that the team's channel is lost, and what to do.

    Args:
        admin: their user id.
        since: when it was lost.
        waiting: how many messages wait.
    """

    def __init__(self, setting: str, fault: str, admin: str, since: datetime, waiting: int) -> None:
        data = {
            "channel": setting,
            "fault": fault,
            "since": since.isoformat(),
            "waiting": waiting,
            "admin": admin,
        }
        super().__init__(None, data, announce={to_person(admin): data})


class ChannelShared(Event, kind="channel.shared"):
    """An admin is told that more people read the team's channel than they may think.

    Args:
        channel_id: its id.
        admin: their user id.
        external: whether people of other organisations are in it.
        members: how many people are in it; 0 if that is not known.
    """

    def __init__(self, channel_id: str, admin: str, *, external: bool, members: int) -> None:
        data = {"channel": channel_id, "external": external, "members": members, "admin": admin}
        super().__init__(None, data, announce={to_person(admin): data})


class ChannelBack(Event, kind="channel.back"):
    """Messages arrive in the team's channel again.

    Args:
        since: when it was lost.
        missed: what was not said in the meantime, a line each, if it is too much to say each.
        count: how many messages that were; 0 if each is still said.
    """

    def __init__(self, since: datetime, missed: Sequence[str], count: int) -> None:
        data: dict[str, Any] = {"since": since.isoformat(), "count": count}
        summary = data | {"missed": list(missed)}
        super().__init__(None, data, news=summary if count else None)


class ChannelChosen(Event, kind="channel.chosen"):
    """An admin chose another channel for the team's messages.

    Args:
        channel_id: the id of the new one.
        before: the id or name of the one before.
    """

    def __init__(self, channel_id: str, before: str) -> None:
        data = {"channel": channel_id, "before": before}
        super().__init__(None, data, news=data)
