"""The app's manifest, as far as the program itself asks for it: the scopes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parents[1] / "manifest.yml"


def scopes() -> tuple[list[str], list[str]]:
    """The scopes that the app needs, and those that it can do without."""
    loaded: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    asked = loaded["oauth_config"]["scopes"]
    return list(asked["bot"]), list(asked.get("bot_optional", ()))
