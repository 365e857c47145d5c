"""Names for ids: what a mention shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Names(Protocol):
    """Turns ids into display names; ``None`` when the reader cannot know the id."""

    def user(self, user_id: str) -> str | None: ...

    def channel(self, channel_id: str) -> str | None: ...

    def usergroup(self, usergroup_id: str) -> str | None: ...


@dataclass(frozen=True)
class NameBook:
    """Names held in three dicts from id to name (without ``@`` or ``#``)."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    usergroups: Mapping[str, str] = field(default_factory=dict)

    def user(self, user_id: str) -> str | None:
        """The display name of a person."""
        return self.users.get(user_id)

    def channel(self, channel_id: str) -> str | None:
        """The name of a channel."""
        return self.channels.get(channel_id)

    def usergroup(self, usergroup_id: str) -> str | None:
        """The handle of a user group."""
        return self.usergroups.get(usergroup_id)
