"""`apikeys manifest`: the file of the project, with the command that an installation has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cli.commands.manifest import manifest
from sandbox.sandbox import Sandbox

OTHER = "/keys-staging"
MANIFEST = Path(__file__).parents[3] / "manifest.yml"


def test_it_is_the_file_itself() -> None:
    assert CliRunner().invoke(manifest, []).stdout == MANIFEST.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "environment"), [(["--command", OTHER], {}), ([], {"APIKEYS_COMMAND": OTHER})]
)
def test_only_the_command_is_another(words: list[str], environment: dict[str, str]) -> None:
    printed = CliRunner().invoke(manifest, words, env=environment).stdout
    assert printed == MANIFEST.read_text(encoding="utf-8").replace("/apikeys", OTHER)


def test_the_practice_slack_takes_it() -> None:
    printed = yaml.safe_load(CliRunner().invoke(manifest, ["--command", OTHER]).stdout)
    slack = Sandbox(printed)
    assert [command.name for command in slack.workspace.manifest.commands] == [OTHER]
    slack.close()


@pytest.mark.parametrize(
    "name", ["", "keys", "/", "/Keys", "/keys staging", "/keys\n", "/" + "k" * 32, "/ключи"]
)
def test_what_slack_would_refuse_is_refused(name: str) -> None:
    refused = CliRunner().invoke(manifest, ["--command", name])
    assert refused.exit_code == 1
    assert "--command must be a slash and then lower-case letters" in refused.output
