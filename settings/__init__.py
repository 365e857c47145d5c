"""Every setting: its name, its default, its meaning and its check. Read from the environment and
from `.env`; the rooms are handed plain values, so no other place looks into the environment."""

from settings.base import Settings
from settings.loading import SettingsError, load, load_slack, load_team, names
from settings.slack import SlackSettings
from settings.team import TeamSettings

__all__ = [
    "Settings",
    "SettingsError",
    "SlackSettings",
    "TeamSettings",
    "load",
    "load_slack",
    "load_team",
    "names",
]
