"""Find the names that mentions show for ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.text.nodes import Broadcast, ChannelMention, UsergroupMention, UserMention

Mention = UserMention | ChannelMention | UsergroupMention | Broadcast


class Names(Protocol):
    """Looks up display names by id; ``None`` for an unknown id."""

    def user(self, user_id: str, /) -> str | None:
        """Return the display name of a person, without ``@``."""

    def channel(self, channel_id: str, /) -> str | None:
        """Return the name of a channel, without ``#``."""

    def usergroup(self, usergroup_id: str, /) -> str | None:
        """Return the handle of a user group, without ``@``."""


@dataclass(frozen=True)
class NameBook:
    """Names held in three dicts from id to name (without ``@`` or ``#``)."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    usergroups: Mapping[str, str] = field(default_factory=dict)

    def user(self, user_id: str, /) -> str | None:
        """Return the display name of a person."""
        return self.users.get(user_id)

    def channel(self, channel_id: str, /) -> str | None:
        """Return the name of a channel."""
        return self.channels.get(channel_id)

    def usergroup(self, usergroup_id: str, /) -> str | None:
        """Return the handle of a user group."""
        return self.usergroups.get(usergroup_id)


NO_NAMES = NameBook()
"""No names: mentions show their label, or else the id."""


def mentioned(node: Mention, names: Names) -> str:
    """Return a mention as people read it: ``@alice``, ``#general``, ``@here``.

    The current name wins over the sender's label, as in Slack.
    """
    if isinstance(node, UserMention):
        return "@" + (names.user(node.user_id) or node.label or node.user_id)
    if isinstance(node, ChannelMention):
        return "#" + (names.channel(node.channel_id) or node.label or node.channel_id)
    if isinstance(node, UsergroupMention):
        return "@" + (names.usergroup(node.usergroup_id) or node.label or node.usergroup_id)
    return "@" + node.range
