"""The app's manifest, as far as the program itself asks for it: the scopes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


def scopes(manifest: Path = MANIFEST) -> tuple[list[str], list[str]]:
    """Return the scopes that the app needs, and those that it can do without.

    Together they are what the manifest has under `bot`: Slack wants the optional ones to stand
    there too.
    """
    loaded: dict[str, Any] = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    asked = loaded["oauth_config"]["scopes"]
    optional = list(asked.get("bot_optional", ()))
    return [scope for scope in asked["bot"] if scope not in optional], optional
