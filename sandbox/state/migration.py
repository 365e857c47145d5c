"""Give a user another id, as a migration to Enterprise Grid does."""

from typing import TypeVar

from sandbox.state.models import Message
from sandbox.state.workspace import Workspace

_T = TypeVar("_T")


def migrate(workspace: Workspace, old: str) -> str:
    """Replace a user's id everywhere by one that begins with ``W``; returns the new id."""
    new = f"W{old[1:]}"
    with workspace.change():
        workspace.accounts[old].id = new
        workspace.accounts = {account.id: account for account in workspace.accounts.values()}
        workspace.migrated[old] = new
        for channel in workspace.channels.values():
            channel.members = [new if member == old else member for member in channel.members]
            channel.creator = new if channel.creator == old else channel.creator
            channel.read_upto = _renamed(channel.read_upto, old, new)
        for messages in workspace.messages.values():
            for message in messages:
                _migrate_message(message, old, new)
        for group in workspace.usergroups.values():
            group.members = [new if member == old else member for member in group.members]
        for view in workspace.views.values():
            view.user = new if view.user == old else view.user
        workspace.stacks = _renamed(workspace.stacks, old, new)
        workspace.homes = _renamed(workspace.homes, old, new)
    return new


def _migrate_message(message: Message, old: str, new: str) -> None:
    message.user = new if message.user == old else message.user
    message.ephemeral_for = new if message.ephemeral_for == old else message.ephemeral_for
    message.edited_by = new if message.edited_by == old else message.edited_by
    message.inputs = _renamed(message.inputs, old, new)
    message.notices = _renamed(message.notices, old, new)


def _renamed(values: dict[str, _T], old: str, new: str) -> dict[str, _T]:
    return {new if key == old else key: value for key, value in values.items()}
