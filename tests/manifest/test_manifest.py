"""The manifest is one that Slack accepts, and each scope in it is explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

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


def test_each_scope_is_explained_and_no_other(manifest: dict[str, Any]) -> None:
    lines = (ROOT / "docs" / "scopes.md").read_text(encoding="utf-8").splitlines()
    explained = {line.split("`")[1] for line in lines if line.startswith("| `")}
    scopes = manifest["oauth_config"]["scopes"]
    assert explained == {*scopes["bot"], *scopes["bot_optional"]}
