"""`apikeys doctor`: run every check, and print each finding and its remedy."""

from __future__ import annotations

import os

import click
from dotenv import dotenv_values

from cli.doctor.database import check_database
from cli.doctor.findings import CheckStatus, Finding, Findings
from cli.doctor.gateway import check_gateway
from cli.doctor.owners import check_owners
from cli.doctor.slack import check_bot, check_slack
from cli.terminal import say
from settings import SettingsError, load, load_slack


def doctor() -> None:
    """Print what is wrong with this installation.

    Raises:
        click.exceptions.Exit: with code 1, if anything is.
    """
    bad = 0
    for finding in examine():
        bad += finding.status is CheckStatus.BAD
        say(f"{finding.status.value:>4}  {finding.what}")
        if finding.remedy:
            say(f"      {finding.remedy}")
    if bad:
        raise click.exceptions.Exit(1)


def examine() -> Findings:
    """Run the checks, and yield their findings."""
    yield from _swapped_tokens()
    try:
        settings = load()
    except SettingsError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct it in .env or in the environment.")
        return
    yield Finding(CheckStatus.FINE, "The settings are valid.")
    yield from check_database(settings)
    yield from check_gateway(settings)
    if not any(name.startswith("SLACK_") and value for name, value in _given().items()):
        yield Finding(
            CheckStatus.NOTE,
            "There is no Slack setting, so Slack was not checked.",
            "“run --only gateway” needs none. For the bot, follow the README.",
        )
        return
    try:
        slack = load_slack()
    except SettingsError as error:
        yield Finding(
            CheckStatus.BAD,
            str(error),
            "The bot needs it; “run --only gateway” does not.",
        )
        return
    yield from check_slack(slack)
    yield from check_bot(settings, slack)
    yield from check_owners(settings, slack)


def _given() -> dict[str, str | None]:
    return {**dotenv_values(), **os.environ}


def _swapped_tokens() -> Findings:
    """Check that Slack's two tokens are not swapped, which needs both settings."""
    given = _given()
    bot, app = given.get("SLACK_BOT_TOKEN") or "", given.get("SLACK_APP_TOKEN") or ""
    if bot.startswith("xapp-") and app.startswith("xoxb-"):
        yield Finding(
            CheckStatus.BAD,
            "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are swapped.",
            "The bot's token begins with xoxb-, the app's with xapp-. Swap them.",
        )
