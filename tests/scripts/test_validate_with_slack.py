"""The script that shows Slack the manifest and all that is drawn, at the practice Slack."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sandbox.sandbox import Sandbox
from scripts import validate_with_slack
from tests.bot.harness.block_samples import Sample, samples
from tests.e2e.harness.program import free_port

pytestmark = pytest.mark.sockets

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "manifest.yml"
FINE = Sample("message", "message 1", {"text": "x", "blocks": [{"type": "divider"}]})
WRONG = Sample("view", "modal 7 “Lunch”", {"type": "modal", "blocks": [{"type": "lunch"}]})


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as slack:
        yield slack


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, slack: Sandbox) -> None:
    monkeypatch.setenv("SLACK_API_URL", slack.api_url)
    monkeypatch.setenv("SLACK_CONFIG_TOKEN", slack.config_token)
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two samples instead of all, the second of which is refused."""
    monkeypatch.setattr(validate_with_slack, "samples", lambda: iter([FINE, WRONG]))


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(validate_with_slack.main, list(words), input=typed)


def test_everything_is_shown_to_slack_and_accepted(slack: Sandbox) -> None:
    names = [sample.name for sample in samples()]
    done = subprocess.run(
        [ROOT / "scripts" / "validate-with-slack"],
        cwd="/", env=dict(os.environ), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done
    *lines, last = done.stdout.splitlines()
    assert lines == [f"accepted {name}" for name in ("manifest manifest.yml", *names)]
    assert last == f"{len(names) + 1} accepted, 0 refused"
    assert slack.config_token not in done.stdout
    (manifest,) = slack.calls("apps.manifest.validate")
    assert json.loads(manifest.sent["manifest"]) == yaml.safe_load(MANIFEST.read_text())
    given = [
        json.loads(c.sent.get("message") or c.sent["view"]) for c in slack.calls("blocks.validate")
    ]
    assert [one["blocks"] for one in given] == [sample.payload["blocks"] for sample in samples()]


@pytest.mark.usefixtures("few")
def test_what_is_refused_is_named_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    scopes = {"bot": ["chat:write"], "bot_optional": ["pins:read"]}
    manifest = {"display_information": {"name": "Lunch"}, "oauth_config": {"scopes": scopes}}
    path.write_text(yaml.safe_dump(manifest))
    done = run(str(path))
    assert done.exit_code == 1
    first, second, third, last = done.output.splitlines()
    assert first == (
        "REFUSED  manifest mine.yml: invalid_manifest: Optional scope `pins:read` must also be "
        "in `bot` [/oauth_config/scopes/bot_optional]"
    )
    assert second == "accepted message 1"
    assert third.startswith("REFUSED  modal 7 “Lunch”: invalid_view: ")
    assert "[/blocks/0" in third
    assert last == "1 accepted, 2 refused"


@pytest.mark.usefixtures("few")
def test_one_refusal_is_enough_for_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run().output.splitlines()[-1] == "2 accepted, 1 refused"
    assert run().exit_code == 1
    monkeypatch.setattr(validate_with_slack, "samples", lambda: iter([FINE]))
    assert run().exit_code == 0


@pytest.mark.usefixtures("few")
def test_a_token_is_asked_for_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, slack: Sandbox
) -> None:
    monkeypatch.delenv("SLACK_CONFIG_TOKEN")
    done = run(typed=f"{slack.config_token}\n")
    assert "App configuration token:" in done.output
    assert "accepted manifest manifest.yml" in done.output
    assert slack.config_token not in done.output


@pytest.mark.usefixtures("few")
def test_blocks_are_checked_with_the_bots_token_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, slack: Sandbox
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-other")
    done = run()
    assert done.exit_code == 1
    assert "accepted manifest manifest.yml" in done.output
    assert "message 1 was not checked. Slack says: invalid_auth" in done.output
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack.bot_token)
    assert "accepted message 1" in run().output


@pytest.mark.usefixtures("few")
def test_without_a_verdict_it_stops(
    monkeypatch: pytest.MonkeyPatch, slack: Sandbox, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLACK_CONFIG_TOKEN", "xoxe.xoxp-1-other")
    done = run()
    assert done.exit_code == 1
    assert done.output == (
        "Error: manifest manifest.yml was not checked. Slack says: invalid_auth\n"
    )
    assert slack.calls("blocks.validate") == []
    monkeypatch.setenv("SLACK_API_URL", f"http://127.0.0.1:{free_port()}/api/")
    done = run()
    assert (done.exit_code, done.output) == (
        1, "Error: manifest manifest.yml was not checked. No answer: URLError\n",
    )  # fmt: skip
    broken = tmp_path / "broken.yml"
    broken.write_text("a: [")
    done = run(str(broken))
    assert done.exit_code == 1
    assert done.output.startswith("Error: broken.yml cannot be read")


@pytest.mark.usefixtures("few")
def test_where_slack_says_to_wait_it_waits(slack: Sandbox) -> None:
    slack.faults.rate_limit("blocks.validate")
    assert run().output.splitlines()[-1] == "2 accepted, 1 refused"
    assert len(slack.calls("blocks.validate")) == 3
