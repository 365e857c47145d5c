"""Every setting is documented."""

from __future__ import annotations

from pathlib import Path

import settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_is_documented_and_no_other() -> None:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    documented = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert documented == set(settings.names())
