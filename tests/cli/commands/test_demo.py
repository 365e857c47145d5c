"""`apikeys demo` where there is no practice Slack."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from cli.commands.demo import demo


def test_an_installation_without_a_practice_slack_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("sandbox", "cli.demo.", "cli.actions"))
    ]:
        if name != "cli.demo.state_dir":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sandbox", None)
    done = CliRunner().invoke(demo, [])
    assert done.exit_code == 1
    assert "has no practice Slack" in done.output
