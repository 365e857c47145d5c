"""Reading the settings; what is wrong is said in one sentence that names the setting."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from settings.base import Settings
from settings.slack import SlackSettings
from settings.team import TeamSettings

_Group = TypeVar("_Group", bound=BaseSettings)


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one sentence that names it."""


def load() -> Settings:
    """Read what every part needs, from the environment and from `.env` in the current folder.

    Raises:
        SettingsError: with one sentence that names the setting and says what it has to be.
    """
    return _load(Settings)


def load_slack() -> SlackSettings:
    """Read what only the bot needs.

    Raises:
        SettingsError: with one sentence that names the setting and says what it has to be.
    """
    return _load(SlackSettings)


def load_team() -> TeamSettings:
    """Read what the team has decided about dates of expiry; it needs no Slack.

    Raises:
        SettingsError: with one sentence that names the setting and says what it has to be.
    """
    return _load(TeamSettings)


def names() -> list[str]:
    """The names of all settings, as they are written in the environment."""
    groups: tuple[type[BaseSettings], ...] = (Settings, SlackSettings)
    return [str(field.alias) for group in groups for field in group.model_fields.values()]


def _load(group: type[_Group]) -> _Group:
    try:
        return group()
    except ValidationError as error:
        # The first is enough: one sentence, never the value, which may be a secret.
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        why = "it is missing" if first["type"] == "missing" else first["msg"]
        why = why.removeprefix("Value error, ")
        # What is wrong with several settings together names them itself.
        raise SettingsError(f"{name}: {why}." if name else f"{why}.") from None
