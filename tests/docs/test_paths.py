"""Each file that a document names exists: no promise is held by a test that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = "bench|bot|cli|deploy|docs|gateway|keys|lock|runtime|sandbox|scripts|settings|storage|tests"
NAMED = re.compile(rf"`((?:{ROOMS})/[\w./-]*)(?:::(\w+))?`")


def missing(text: str) -> list[str]:
    """Return the files and tests that a text names and that do not exist."""
    return [
        "::".join(filter(None, named))
        for named in NAMED.findall(text)
        if not (ROOT / named[0]).exists()
        or (named[1] and f"def {named[1]}(" not in (ROOT / named[0]).read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_each_file_that_a_page_names_exists(page: Path) -> None:
    assert missing(page.read_text(encoding="utf-8")) == []


def test_a_file_that_is_gone_is_found() -> None:
    here = "tests/docs/test_paths.py"
    assert missing(f"`{here}` `{here}::missing` `tests/gone.py` `{here}::gone`") == [
        "tests/gone.py", f"{here}::gone",
    ]  # fmt: skip
