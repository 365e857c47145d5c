"""Read an app's manifest, with the rules that Slack has for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.base.errors import ManifestError

SCOPE_OF_EVENT: Final[dict[str, str | None]] = {
    "app_home_opened": None,
    "app_uninstalled": None,
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "team_join": "users:read",
    "tokens_revoked": None,
    "user_change": "users:read",
}
"""Each event an app can subscribe to here, and the scope that it needs, if any ("Required
scopes" at https://docs.slack.dev/reference/events/<event>)."""

_SCOPES: Final = "/oauth_config/scopes"
_EVENTS: Final = "/settings/event_subscriptions/bot_events"


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
    """The settings of a manifest that the workspace uses; field names follow Slack's."""

    name: str
    description: str = ""
    background_color: str = "#4A154B"
    bot_name: str = ""
    always_online: bool = False
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    scopes: tuple[str, ...] = ()
    """Every scope the app asks for, the optional ones included."""
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
        """Return the command of this name in any case, or None."""
        return next((c for c in self.commands if c.name.lower() == name.lower()), None)


def _loaded(file: Path) -> Any:
    # libyaml reads it ten times as fast as Python does, and refuses the same; not every
    # installation of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text("utf-8"), Loader=loader)  # noqa: S506  # both are safe


def read_manifest(source: Path | dict[str, Any]) -> Manifest:
    """Read a manifest from a YAML or JSON file, or from the values already read.

    Raises:
        ManifestError: it is not a manifest, or breaks one of Slack's rules
            (https://docs.slack.dev/reference/app-manifest).
    """
    raw = _loaded(source) if isinstance(source, Path) else source
    if not isinstance(raw, dict):
        raise _refused("must be a mapping", "")
    display = _section(raw, "/display_information")
    settings = _section(raw, "/settings")
    bot = _section(raw, "/features/bot_user")
    home = _section(raw, "/features/app_home")
    interactivity = _section(raw, "/settings/interactivity")
    subscriptions = _section(raw, "/settings/event_subscriptions")
    name = _text(display, "name", 35, "/display_information")
    commands = _list(raw, "/features/slash_commands", dict)
    shortcuts = _list(raw, "/features/shortcuts", dict)
    read = Manifest(
        name=name,
        description=_text(display, "description", 140, "/display_information", required=False),
        background_color=display.get("background_color", "#4A154B"),
        bot_name=bot.get("display_name", name),
        always_online=bool(bot.get("always_online", False)),
        commands=tuple(
            _command(c, f"/features/slash_commands/{i}") for i, c in enumerate(commands)
        ),
        shortcuts=tuple(_shortcut(s, f"/features/shortcuts/{i}") for i, s in enumerate(shortcuts)),
        scopes=tuple(_list(raw, f"{_SCOPES}/bot", str)),
        optional_scopes=tuple(_list(raw, f"{_SCOPES}/bot_optional", str)),
        events=tuple(_list(raw, _EVENTS, str)),
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
    if broken := list(_missing_scopes(read)):
        raise ManifestError(broken)
    return read


def _missing_scopes(read: Manifest) -> Iterator[dict[str, Any]]:
    """Yield an error for each scope missing under `bot`; no JSON schema can express this."""
    for kind in ("bot", "user"):
        required = _list(read.raw, f"{_SCOPES}/{kind}", str)
        for scope in _list(read.raw, f"{_SCOPES}/{kind}_optional", str):
            if scope not in required:
                message = f"Optional scope `{scope}` must also be in `{kind}`"
                yield _broken(message, f"{_SCOPES}/{kind}_optional")
    for event in read.events:
        scope = SCOPE_OF_EVENT.get(event)
        if event not in SCOPE_OF_EVENT:
            yield _broken(f"There is no event `{event}` here", _EVENTS)
        elif scope and scope not in read.scopes:
            yield _broken(f"Event `{event}` requires `{scope}` bot scope", _EVENTS)
    if read.commands and "commands" not in read.scopes:
        yield _broken("Slash Commands requires `commands` bot scope", "/features/slash_commands")


def _broken(message: str, pointer: str) -> dict[str, Any]:
    return {"message": message, "pointer": pointer}


def _refused(message: str, pointer: str) -> ManifestError:
    return ManifestError([_broken(message, pointer)])


def _section(raw: dict[str, Any], pointer: str) -> dict[str, Any]:
    """Return the mapping at this pointer, empty if there is none."""
    section = raw
    for name in pointer.split("/")[1:]:
        section = section.get(name) or {}
        if not isinstance(section, dict):
            raise _refused(f"{name} must be a mapping", pointer)
    return section


def _list(raw: dict[str, Any], pointer: str, kind: type) -> list[Any]:
    """Return the list at this pointer, empty if there is none."""
    section, _, name = pointer.rpartition("/")
    found = _section(raw, section).get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, kind) for each in found):
        of = "texts" if kind is str else "mappings"
        raise _refused(f"{name} must be a list of {of}", pointer)
    return found


def _text(
    section: dict[str, Any], name: str, longest: int, at: str, *, required: bool = True
) -> str:
    value = section.get(name, "")
    if not isinstance(value, str) or (required and not value):
        raise _refused(f"{name} is required", f"{at}/{name}")
    if len(value) > longest:
        raise _refused(f"{name} is longer than {longest} characters", f"{at}/{name}")
    return value


def _command(raw: dict[str, Any], at: str) -> Command:
    name = _text(raw, "command", 32, at)
    if not name.startswith("/") or len(name) < 2 or " " in name:
        raise _refused(f"{name!r} is not a slash command", f"{at}/command")
    return Command(
        name=name,
        description=_text(raw, "description", 2000, at),
        usage_hint=_text(raw, "usage_hint", 1000, at, required=False),
        should_escape=bool(raw.get("should_escape", False)),
        url=raw.get("url"),
    )


def _shortcut(raw: dict[str, Any], at: str) -> Shortcut:
    return Shortcut(
        name=_text(raw, "name", 24, at),
        type=_text(raw, "type", 20, at),
        callback_id=_text(raw, "callback_id", 255, at),
        description=_text(raw, "description", 150, at),
    )
