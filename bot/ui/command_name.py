"""The slash command's name, which an installation chooses once (APIKEYS_COMMAND).

All texts of a process have the same: the name is part of the app that all its workspaces install.
"""

from __future__ import annotations

DEFAULT = "/apikeys"
_chosen = [DEFAULT]


def command_name() -> str:
    """Return the slash command as people type it, such as `/apikeys`."""
    return _chosen[0]


def choose_command_name(name: str) -> None:
    """Have all texts from now on name this command."""
    _chosen[0] = name
