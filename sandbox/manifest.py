"""The app's manifest: what Slack learns about an app, read from the file an operator pastes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import ManifestError


@dataclass(frozen=True)
class Command:
    """A slash command; `name` begins with its slash."""

    name: str
    description: str
    usage_hint: str = ""
    should_escape: bool = False
    url: str | None = None


@dataclass(frozen=True)
class Shortcut:
    name: str
    type: str
    callback_id: str
    description: str


@dataclass(frozen=True)
class Manifest:
    """What the workspace needs of a manifest; field names follow Slack's."""

    name: str
    description: str = ""
    background_color: str = "#4A154B"
    bot_name: str = ""
    always_online: bool = False
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    scopes: tuple[str, ...] = ()
    optional_scopes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    events_url: str | None = None
    interactive: bool = False
    interactivity_url: str | None = None
    options_url: str | None = None
    home_tab: bool = False
    messages_tab: bool = True
    messages_tab_read_only: bool = True
    socket_mode: bool = False
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    def command(self, name: str) -> Command | None:
        """The command of this name, whatever the case."""
        return next((c for c in self.commands if c.name.lower() == name.lower()), None)


def read_manifest(source: Path | dict[str, Any]) -> Manifest:
    """Read a manifest from a YAML or JSON file, or from the values already read.

    Raises:
        ManifestError: it is not a manifest, or breaks a limit Slack puts on one
            (https://docs.slack.dev/reference/app-manifest).
    """
    raw = yaml.safe_load(source.read_text("utf-8")) if isinstance(source, Path) else source
    if not isinstance(raw, dict):
        raise ManifestError("a manifest is a mapping")
    display = raw.get("display_information") or {}
    features = raw.get("features") or {}
    settings = raw.get("settings") or {}
    bot = features.get("bot_user") or {}
    home = features.get("app_home") or {}
    interactivity = settings.get("interactivity") or {}
    subscriptions = settings.get("event_subscriptions") or {}
    scopes = (raw.get("oauth_config") or {}).get("scopes") or {}
    name = _text(display, "name", 35)
    return Manifest(
        name=name,
        description=_text(display, "description", 140, required=False),
        background_color=display.get("background_color", "#4A154B"),
        bot_name=bot.get("display_name", name),
        always_online=bool(bot.get("always_online", False)),
        commands=tuple(_command(c) for c in features.get("slash_commands") or ()),
        shortcuts=tuple(_shortcut(s) for s in features.get("shortcuts") or ()),
        scopes=tuple(scopes.get("bot") or ()),
        optional_scopes=tuple(scopes.get("bot_optional") or ()),
        events=tuple(subscriptions.get("bot_events") or ()),
        events_url=subscriptions.get("request_url"),
        interactive=bool(interactivity.get("is_enabled", False)),
        interactivity_url=interactivity.get("request_url"),
        options_url=interactivity.get("message_menu_options_url"),
        home_tab=bool(home.get("home_tab_enabled", False)),
        messages_tab=bool(home.get("messages_tab_enabled", True)),
        messages_tab_read_only=bool(home.get("messages_tab_read_only_enabled", True)),
        socket_mode=bool(settings.get("socket_mode_enabled", False)),
        raw=raw,
    )


def _text(where: dict[str, Any], name: str, longest: int, *, required: bool = True) -> str:
    value = where.get(name, "")
    if not isinstance(value, str) or (required and not value):
        raise ManifestError(f"{name} is required")
    if len(value) > longest:
        raise ManifestError(f"{name} is longer than {longest} characters")
    return value


def _command(raw: dict[str, Any]) -> Command:
    name = _text(raw, "command", 32)
    if not name.startswith("/") or len(name) < 2 or " " in name:
        raise ManifestError(f"{name!r} is not a slash command")
    return Command(
        name=name,
        description=_text(raw, "description", 2000),
        usage_hint=_text(raw, "usage_hint", 1000, required=False),
        should_escape=bool(raw.get("should_escape", False)),
        url=raw.get("url"),
    )


def _shortcut(raw: dict[str, Any]) -> Shortcut:
    return Shortcut(
        name=_text(raw, "name", 24),
        type=_text(raw, "type", 20),
        callback_id=_text(raw, "callback_id", 255),
        description=_text(raw, "description", 150),
    )
