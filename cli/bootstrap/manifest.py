"""The app's manifest: its scopes, and the same with another slash command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


def with_command(name: str, manifest: Path = MANIFEST) -> str:
    """Return the manifest's text, comments included, with this name of the slash command."""
    text = manifest.read_text(encoding="utf-8")
    (declared,) = yaml.safe_load(text)["features"]["slash_commands"]
    return text.replace(f"- command: {declared['command']}\n", f"- command: {name}\n")


def scopes(manifest: Path = MANIFEST) -> tuple[list[str], list[str]]:
    """Return the required scopes, and the optional ones.

    The manifest has both under `bot`, as Slack requires, and the optional ones also separately.
    """
    loaded: dict[str, Any] = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    requested = loaded["oauth_config"]["scopes"]
    optional = list(requested.get("bot_optional", ()))
    return [scope for scope in requested["bot"] if scope not in optional], optional
