"""Read the scopes from the app's manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


def scopes(manifest: Path = MANIFEST) -> tuple[list[str], list[str]]:
    """Return the required scopes, and the optional ones.

    The manifest has both under `bot`, as Slack requires, and the optional ones also separately.
    """
    loaded: dict[str, Any] = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    requested = loaded["oauth_config"]["scopes"]
    optional = list(requested.get("bot_optional", ()))
    return [scope for scope in requested["bot"] if scope not in optional], optional
