"""The manifest is one that Slack accepts, and each scope in it is explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cli.bootstrap.manifest import scopes
from sandbox.state.manifest import read_manifest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return loaded


def test_slacks_own_schema_accepts_it(manifest: dict[str, Any]) -> None:
    schema = json.loads(Path(__file__).with_name("manifest.schema.2.0.0.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(manifest)] == []


def test_the_limits_that_the_schema_leaves_out_hold(manifest: dict[str, Any]) -> None:
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    for command in manifest["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert command["description"]
        assert len(command["usage_hint"]) <= 1000


def test_the_practice_slack_takes_it() -> None:
    read = read_manifest(ROOT / "manifest.yml")
    assert set(read.optional_scopes) == {
        "channels:history", "channels:read", "files:write", "groups:history", "groups:read",
        "im:history",
    }  # fmt: skip
    assert set(read.optional_scopes) < set(read.scopes)
    assert len(read.scopes) == len(set(read.scopes))


def test_required_and_optional_scopes_are_explained_apart() -> None:
    needed, optional = scopes()
    assert sorted(_explained("scope")) == sorted(needed)
    assert sorted(_explained("optional scope")) == sorted(optional)


def test_what_is_needed_is_all_but_the_optional(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"

    def read(asked: dict[str, list[str]]) -> tuple[list[str], list[str]]:
        path.write_text(yaml.safe_dump({"oauth_config": {"scopes": asked}}))
        return scopes(path)

    assert read({"bot": ["a", "b"]}) == (["a", "b"], [])
    assert read({"bot": ["a", "b", "c"], "bot_optional": ["b"]}) == (["a", "c"], ["b"])
    assert read({"bot": ["a"], "bot_optional": ["a"]}) == ([], ["a"])


def _explained(kind: str) -> Iterator[str]:
    """The scopes in the table of docs/scopes.md whose first column is called so."""
    text = (ROOT / "docs" / "scopes.md").read_text(encoding="utf-8")
    table = text.partition(f"| {kind} | why |\n")[2].partition("\n\n")[0]
    return (line.split("`")[1] for line in table.splitlines() if line.startswith("| `"))
