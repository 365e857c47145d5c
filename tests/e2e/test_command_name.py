"""Staging beside production: the command has another name, in Slack and in every answer."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.bootstrap.manifest import with_command
from sandbox.sandbox import Sandbox
from tests.e2e.harness.program import Program, slack_settings

pytestmark = pytest.mark.sockets

NAME = "/keys-staging"


def test_a_second_installation_has_a_command_of_its_own(tmp_path: Path) -> None:
    with Sandbox(yaml.safe_load(with_command(NAME))) as slack:
        bob = slack.add_person("bob", role="admin")
        slack.add_channel("api-keys", members=["bob"])
        slack.invite_app("#api-keys")
        settings = slack_settings(slack) | {"APIKEYS_COMMAND": NAME}
        with Program(tmp_path, settings, only="slack") as program:
            slack.wait_for_app(within=30)
            bob.goes_to("#api-keys").types(f"{NAME} help")
            bob.sees(f"{NAME} new")
            bob.types(f"{NAME} lst").sees(f"{NAME} list")
            assert "/apikeys" not in bob.screen()
            program.stop()
