"""The page to which Slack sends a browser back is open to anyone."""

from __future__ import annotations

import logging
from unittest import mock

import pytest
from slack_bolt import BoltRequest

from bot.installation.installations import Installations
from bot.installation.oauth import REDIRECT, InstallPages, States
from runtime.logging import TextFormatter


def test_a_forged_error_is_one_line_of_the_log_and_not_on_the_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages = InstallPages(
        mock.create_autospec(Installations, instance=True),
        mock.create_autospec(States, instance=True),
        client_id="1.2",
        client_secret="x",
        scopes=("commands",),
        redirect_url="https://apikeys.invalid/slack/oauth_redirect",
        channel="#api-keys",
        greet=lambda installation: None,
    )
    evil = "x\n2026-11-28T00:00:00Z ERROR bot: forged\x1b[2J\u202e" + "x" * 5_000
    with caplog.at_level(logging.WARNING):
        answer = pages.pages[REDIRECT](BoltRequest(body="", query={"error": evil}))
    (record,) = caplog.records
    line = TextFormatter().format(record)
    words = r"failed: x\n2026-11-28T00:00:00Z ERROR bot: forged\x1b[2J\u202e"
    assert line.endswith(words + "x" * (100 - len("x.2026-11-28T00:00:00Z ERROR bot: forged.[2J.")))
    assert "forged" not in str(answer.body)
    assert "Slack gave no reason" in str(answer.body)
