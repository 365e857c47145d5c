"""Every setting: its name, its default, its meaning and its check. Read from the environment and
from `.env`; the rooms are handed plain values, so no other place looks into the environment."""

from settings.settings import Settings, SettingsError, load, names

__all__ = ["Settings", "SettingsError", "load", "names"]
