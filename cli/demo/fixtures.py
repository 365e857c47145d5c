"""The demo's workspace: users of each kind, and their channels."""

from __future__ import annotations

from sandbox.sandbox import Sandbox

TEAM = "#api-keys"
GENERAL = "#general"
SHARED = "#with-globex"
PEOPLE = (
    ("alice", "Alice Adams", "admin"),
    ("bob", "Bob Baker", "admin"),
    ("carol", "Carol Clark", "member"),
    ("gary", "Gary Green", "guest"),
    ("olga", "Olga Orlova", "outsider"),
)


def load_fixtures(slack: Sandbox) -> None:
    """Add the people and channels that do not exist yet."""
    for name, real_name, role in PEOPLE:
        if slack.workspace.account_named(name) is None:
            slack.add_person(name, real_name=real_name, role=role)
            if role == "outsider":
                _leave(slack, name, GENERAL)
    for channel, members in (
        (TEAM, ["alice", "bob", "carol"]),
        (SHARED, ["alice", "bob", "gary", "olga"]),
    ):
        if slack.workspace.channel_named(channel) is None:
            slack.add_channel(channel.lstrip("#"), members=members)
            slack.invite_app(channel)
    _share(slack, SHARED)


def _leave(slack: Sandbox, name: str, channel: str) -> None:
    found, who = slack.workspace.channel_named(channel), slack.workspace.account_named(name)
    if found is not None and who is not None:
        with slack.workspace.change():
            slack.workspace.channels[found.id].members.remove(who.id)


def _share(slack: Sandbox, channel: str) -> None:
    found = slack.workspace.channel_named(channel)
    if found is not None:
        with slack.workspace.change():
            slack.workspace.channels[found.id].shared = True
