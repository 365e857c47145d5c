"""`apikeys doctor`: what keeps this installation from working, and what to do about each thing.

It changes nothing: no migration, no pepper, no message. In Slack it schedules one message, due in
60 days, to learn whether the app may post there, and takes it back at once.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from dotenv import dotenv_values
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import Engine, text

from bot.authorization.admins import Admins, Workspace, read_policy
from bot.installation.oauth import INSTALL
from bot.slack_api.client import SlackClient, web_calls
from cli.bootstrap.application import open_engines, open_replica
from cli.bootstrap.bot import who_is
from cli.bootstrap.manifest import scopes
from cli.doctor.http_probe import ask
from keys.base.errors import PepperError
from keys.credentials.peppers import Peppers, check_peppers, load_or_make, read_peppers
from runtime.clock import SystemClock
from settings import Settings, SettingsError, SlackSettings, load, load_slack
from storage import StorageUnavailable, reading
from storage.change_feed import WRITTEN
from storage.replica_lookup import NotItsReplica, ReplicaLookup
from storage.schema import revision

_LATER = timedelta(days=60)
_SKEW = timedelta(minutes=2)
_TIMEOUT = 8


class CheckStatus(StrEnum):
    """How a finding stands."""

    FINE = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: what was found, in a sentence.
        remedy: what to do; empty if nothing is.
    """

    status: CheckStatus
    what: str
    remedy: str = ""


Findings = Iterator[Finding]


def doctor() -> None:
    """Look for what keeps this installation from working; nothing is changed."""
    bad = 0
    for finding in examine():
        bad += finding.status is CheckStatus.BAD
        click.echo(f"{finding.status.value:>4}  {finding.what}")
        if finding.remedy:
            click.echo(f"      {finding.remedy}")
    if bad:
        raise click.exceptions.Exit(1)


def examine() -> Findings:
    """Everything that is looked at, one after the other."""
    yield from _swapped()
    try:
        settings = load()
    except SettingsError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct it in .env or in the environment.")
        return
    yield Finding(CheckStatus.FINE, "The settings of the program can be read.")
    yield from _database(settings)
    yield from _gateway(settings)
    try:
        slack = load_slack()
    except SettingsError as error:
        yield Finding(
            CheckStatus.BAD,
            str(error),
            "The bot needs it; the gateway alone (--only gateway) does not.",
        )
        return
    yield from _slack(slack)


def _swapped() -> Findings:
    """Whether Slack's two tokens stand in each other's place, which no setting can tell alone."""
    given = {**dotenv_values(), **os.environ}
    bot, app = given.get("SLACK_BOT_TOKEN") or "", given.get("SLACK_APP_TOKEN") or ""
    if bot.startswith("xapp-") and app.startswith("xoxb-"):
        yield Finding(
            CheckStatus.BAD,
            "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are swapped.",
            "The bot's token begins with xoxb-, the app's with xapp-. Exchange them.",
        )


# --- the database ---------------------------------------------------------------------------------


def _database(settings: Settings) -> Findings:
    file = settings.home / "apikeys.db"
    if settings.embedded and not file.exists():
        # Opening it would make it.
        yield Finding(CheckStatus.NOTE, "There is no database yet; the first start makes it.")
        return
    try:
        engine, direct = open_engines(settings)
    except SettingsError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct it.")
        return
    try:
        yield from _opened(settings, engine)
        yield from _replica(settings, direct)
    except StorageUnavailable as error:
        yield Finding(
            CheckStatus.BAD, str(error), "Is the server running, and does DATABASE_URL name it?"
        )
    finally:
        engine.dispose()
        direct.dispose()


def _opened(settings: Settings, engine: Engine) -> Findings:
    at, required_scopes = revision(engine)
    if at == required_scopes:
        yield Finding(CheckStatus.FINE, f"The database ({_kind(engine)}) is at revision {at}.")
    elif at is not None and required_scopes is not None and at > required_scopes:
        yield Finding(
            CheckStatus.BAD,
            f"The database is at revision {at}, which this version of the program does not know.",
            "Start the version that made it, or a newer one.",
        )
        return
    else:
        yield Finding(
            CheckStatus.NOTE,
            f"The database is at revision {at}, and this version needs {required_scopes}.",
            "It is brought up to date at the next start, or by: apikeys db upgrade",
        )
        return
    yield from _pepper(settings, engine)
    yield from _database_clock(engine)


def _replica(settings: Settings, primary: Engine) -> Findings:
    """Whether gateways can read from the replica, and how far that is behind."""
    try:
        replica = open_replica(settings)
    except SettingsError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct it.")
        return
    if replica is None:
        return
    lookup = ReplicaLookup(replica, primary, lambda: sys.maxsize)
    try:
        with reading(primary) as session:
            written = session.connection().execute(text(f"SELECT {WRITTEN}")).scalar_one()
        behind = max(written - lookup.position(), 0)
        yield Finding(CheckStatus.FINE, f"The replica answers, and is {behind:,} bytes behind.")
    except NotItsReplica as error:
        yield Finding(
            CheckStatus.BAD,
            f"DATABASE_REPLICA_URL: {error}.",
            "Name a streaming replica of DATABASE_URL.",
        )
    except StorageUnavailable as error:
        yield Finding(
            CheckStatus.BAD,
            f"DATABASE_REPLICA_URL: {error}",
            "Is the replica running? Until it answers, gateways ask the primary.",
        )
    finally:
        lookup.close()
        replica.dispose()


def _kind(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    with engine.connect() as connection:
        return f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar()}"


def _pepper(settings: Settings, engine: Engine) -> Findings:
    path = settings.home / "pepper"
    try:
        peppers = _peppers(settings, path)
        if peppers is None:
            yield Finding(CheckStatus.NOTE, "There is no pepper yet; the first start makes it.")
            return
        from sqlmodel import Session

        with Session(engine) as session:
            check_peppers(session, peppers, datetime.now(UTC))
            session.rollback()
    except PepperError as error:
        yield Finding(
            CheckStatus.BAD, str(error), "Without the right pepper every key is refused as invalid."
        )
        return
    versions = ", ".join(map(str, sorted(peppers.by_version)))
    yield Finding(CheckStatus.FINE, f"The pepper (version {versions}) fits the database.")


def _peppers(settings: Settings, path: Path) -> Peppers | None:
    if given := settings.pepper.get_secret_value():
        return read_peppers(given)
    if not settings.embedded:
        raise PepperError("APIKEYS_PEPPER is missing: a database of your own needs it.")
    return load_or_make(path) if path.exists() else None


def _database_clock(engine: Engine) -> Findings:
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        theirs = connection.execute(text("SELECT now()")).scalar()
    if isinstance(theirs, datetime):
        yield _clocks("the database server's", theirs)


def _clocks(whose: str, theirs: datetime) -> Finding:
    apart = abs(datetime.now(UTC) - theirs)
    if apart <= _SKEW:
        return Finding(CheckStatus.FINE, f"This machine's clock and {whose} agree.")
    return Finding(
        CheckStatus.BAD,
        f"This machine's clock and {whose} are {apart.total_seconds():,.0f} s apart.",
        "Set the clock by NTP: keys expire by it, and Slack refuses what is five minutes old.",
    )


# --- the gateway ----------------------------------------------------------------------------------


def _gateway(settings: Settings) -> Findings:
    url = f"http://{settings.gateway_listen}"
    try:
        ready, _ = ask(f"{url}/readyz")
        refused, _ = ask(f"{url}/authz")
    except OSError as error:
        yield Finding(
            CheckStatus.NOTE,
            f"No gateway answers at {settings.gateway_listen} ({type(error).__name__}).",
            "Start it with: apikeys run",
        )
        return
    if ready != 200:
        yield Finding(
            CheckStatus.BAD,
            f"The gateway at {settings.gateway_listen} runs and is not ready ({ready}).",
            "Its log says why; without its database it accepts no key.",
        )
    elif refused != 401:
        yield Finding(
            CheckStatus.BAD,
            f"What answers at {settings.gateway_listen} is no gateway: a request without a token "
            f"got {refused}.",
            "Another program listens there. Set APIKEYS_GATEWAY_LISTEN.",
        )
    else:
        yield Finding(
            CheckStatus.FINE, "The gateway answers, and refuses a request without a token."
        )


# --- Slack ----------------------------------------------------------------------------------------


def _slack(settings: SlackSettings) -> Findings:
    if settings.many:
        yield Finding(
            CheckStatus.NOTE,
            "Many workspaces are served; each has a token of its own, and none was tried.",
            f"They install the app at {settings.public_url.rstrip('/')}{INSTALL}",
        )
        return
    client = WebClient(
        settings.bot_token.get_secret_value(), base_url=settings.api_url, timeout=_TIMEOUT
    )
    try:
        answer = client.auth_test()
    except SlackApiError as error:
        yield Finding(
            CheckStatus.BAD,
            f"Slack does not accept SLACK_BOT_TOKEN: {error.response['error']}.",
            "Install the app again, and copy the token from OAuth & Permissions.",
        )
        return
    except OSError as error:
        yield Finding(
            CheckStatus.BAD,
            f"Slack cannot be reached at {settings.api_url} ({type(error).__name__}).",
            "Does a proxy or a firewall stand between?",
        )
        return
    yield Finding(CheckStatus.FINE, f"The bot's token belongs to {answer['team']}.")
    yield from _scopes(answer.headers)
    if sent := answer.headers.get("Date") or answer.headers.get("date"):
        yield _clocks("Slack's", parsedate_to_datetime(str(sent)))
    yield from _app_token(settings)
    yield from _channel(client, settings.channel)
    yield from _admins(settings, answer)


def _scopes(headers: Any) -> Findings:
    found = {name.lower(): value for name, value in headers.items()}
    granted = {s.strip() for s in str(found.get("x-oauth-scopes", "")).split(",") if s.strip()}
    required_scopes, optional = scopes()
    if missing := sorted(set(required_scopes) - granted):
        yield Finding(
            CheckStatus.BAD,
            f"The app was not granted {', '.join(missing)}.",
            "Add it under OAuth & Permissions, and install the app again.",
        )
    else:
        yield Finding(CheckStatus.FINE, "The app was granted every scope that it needs.")
    if left := sorted(set(optional) - granted):
        yield Finding(
            CheckStatus.NOTE,
            f"Optional scopes that were not granted: {', '.join(left)}.",
            "docs/scopes.md says what each is for.",
        )


def _app_token(settings: SlackSettings) -> Findings:
    if settings.listen:
        return
    client = WebClient(base_url=settings.api_url, timeout=_TIMEOUT)
    try:
        client.apps_connections_open(app_token=settings.app_token.get_secret_value())
    except SlackApiError as error:
        yield Finding(
            CheckStatus.BAD,
            f"Slack opens no socket for SLACK_APP_TOKEN: {error.response['error']}.",
            "Make one under Basic Information with the scope connections:write, and switch Socket "
            "Mode on.",
        )
    else:
        yield Finding(CheckStatus.FINE, "Slack opens a socket for the app's token.")


def _channel(client: WebClient, channel: str) -> Findings:
    try:
        at = int((datetime.now(UTC) + _LATER).timestamp())
        made = client.chat_scheduleMessage(channel=channel, post_at=at, text="A trial.")
        client.chat_deleteScheduledMessage(
            channel=str(made["channel"]), scheduled_message_id=str(made["scheduled_message_id"])
        )
    except SlackApiError as error:
        code = str(error.response["error"])
        remedies = {
            "not_in_channel": f"Invite it there: /invite @API keys in {channel}",
            "channel_not_found": "Is there such a channel? A private one needs its id, and the app "
            "in it.",
            "is_archived": "Choose another one in APIKEYS_CHANNEL.",
        }
        yield Finding(
            CheckStatus.BAD,
            f"The app cannot post in {channel}: {code}.",
            remedies.get(code, "Set APIKEYS_CHANNEL to a channel that the app is in."),
        )
    else:
        yield Finding(CheckStatus.FINE, f"The app can post in {channel}.")


def _admins(settings: SlackSettings, me: Any) -> Findings:
    slack = SlackClient(web_calls(settings.bot_token.get_secret_value(), settings.api_url))
    where = who_is(me.data)
    workspace = Workspace(where.team_id, where.enterprise_id)
    try:
        policy = read_policy(settings.admins)
    except ValueError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct APIKEYS_ADMINS.")
        return
    names = Admins(slack, policy, workspace, SystemClock()).names()
    if names:
        yield Finding(CheckStatus.FINE, f"Admins of keys are, among others: {', '.join(names)}.")
    else:
        yield Finding(
            CheckStatus.BAD,
            f"There is no admin of keys (APIKEYS_ADMINS is {settings.admins}).",
            "Name people or a user group in it; until then nothing can be done in Slack.",
        )
