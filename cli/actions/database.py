"""`apikeys db …` and `apikeys status`: the database, and the state of the system."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from cli.actions.account import opened
from cli.bootstrap.application import (
    Application,
    anchors_of,
    open_engines,
    peppers_of,
    seal_rows_with,
)
from cli.doctor.http_probe import ask
from cli.terminal import Failure, say
from keys.base.models import State
from keys.credentials.peppers import in_use
from keys.integrity.anchor import AnchorUnreadable
from keys.integrity.verify import verify_small
from keys.reviews import queries
from keys.reviews.models import Stage
from runtime import private_files
from runtime.errors import StorageReadOnly
from settings import SettingsError, load, load_slack
from storage import AccountSession, reading
from storage.schema import revision, upgrade
from storage.tables import Gateway, Key, LiveMessageRow, Offboarding, OutboxRow

# How many rows the status names.
_NAMED = 5


def upgrade_database() -> None:
    """Migrate the database to the newest schema; safe to run in several places at once."""
    settings = load()
    engine = open_engines(settings)[0]
    try:
        before, _ = revision(engine)
        sealed: list[int] = []
        upgrade(engine, seal_rows_with(peppers_of(settings), anchors_of(settings), sealed.append))
        after, _ = revision(engine)
    finally:
        engine.dispose()
    say(
        f"The database is at revision {after}."
        if before == after
        else f"The database went from revision {before or 'nothing'} to {after}."
    )
    for rows in sealed:
        say(f"{rows:,} rows were sealed.")


def backup(file: Path) -> None:
    """Copy the embedded database to FILE consistently, even while it is in use."""
    settings = load()
    if not settings.embedded:
        raise Failure("This is for the embedded database. Use pg_dump for PostgreSQL.")
    if file.exists():
        raise Failure(f"{file} already exists. Choose another name.")
    source = settings.home / "apikeys.db"
    if not source.exists():
        raise Failure(f"There is no database in {settings.home} yet.")
    try:
        with (
            private_files.draft_of(file) as draft,
            closing(sqlite3.connect(source)) as ours,
            closing(sqlite3.connect(draft)) as copy,
        ):
            ours.backup(copy)
    except (OSError, sqlite3.Error) as error:
        raise Failure(f"{file} cannot be written: {error}.") from error
    say(f"{file} is a copy of the database. Back up the pepper too, in another place.")


def status(workspace: str | None) -> None:
    """Show the state of keys, gateways and pending messages."""
    with (
        opened(workspace) as (application, account_id),
        reading(application.engine, account_id) as session,
    ):
        now = application.clock.now()
        for line in _keys(session, now):
            say(line)
        for line in _peppers(session, now):
            say(line)
        for line in _gateways(session, now):
            say(line)
        for line in _waiting(session, now):
            say(line)
        for line in (*_writable(application), *_bot()):
            say(line)
        for line in _tampering(application):
            say(line)
        found = queries.newest(session)
        if found is not None and found.stage is Stage.OPEN:
            say(f"Audit: {found.done} of {found.total} decided, until {found.deadline_at:%Y-%m-%d}")


def _writable(application: Application) -> list[str]:
    try:
        application.check_writable()
    except StorageReadOnly as error:
        return [f"Database: {error}"]
    return []


def _bot() -> list[str]:
    """Say how the bot is, if it tells that at an address of its own."""
    try:
        listen = load_slack().bot_listen
    except SettingsError:
        return []
    if not listen:
        return []
    try:
        status, body = ask(f"http://{listen}/readyz")
        found = json.loads(body) if body.startswith(b"{") else {}
    except (OSError, ValueError) as error:
        return [f"Bot: does not answer at {listen} ({type(error).__name__})"]
    if status == HTTPStatus.OK:
        return ["Bot: running"]
    wrong = [str(text) for name, text in found.items() if name != "status" and text != "ok"]
    return [f"Bot: NOT READY. {' '.join(wrong)}"]


def _count(session: Session, table: Any, *wanted: Any) -> int:
    return int(session.exec(select(func.count()).select_from(table).where(*wanted)).one())


def _keys(session: AccountSession, now: datetime) -> list[str]:
    mine = Key.account_id == session.account_id
    expired = _count(session, Key, mine, Key.state == State.ACTIVE, col(Key.expires_at) <= now)
    active = _count(session, Key, mine, Key.state == State.ACTIVE) - expired
    revoked = _count(session, Key, mine, Key.state == State.REVOKED)
    pending = _count(session, Key, mine, Key.state == State.PENDING)
    more = f", {expired} expired" if expired else ""
    more += f", {pending} waiting for delivery" if pending else ""
    return [f"Keys: {active} active, {revoked} revoked{more}"]


def _peppers(session: Session, now: datetime) -> list[str]:
    """Count the tokens of all workspaces that still need an old pepper."""
    used = in_use(session, now)
    if len(used) < 2:
        return []
    each = ", ".join(f"{count} need version {version}" for version, count in sorted(used.items()))
    return [f"Pepper: of the active tokens, {each}"]


def _tampering(application: Application) -> list[str]:
    """Say whether something else has written to the database; nothing if that would take long."""
    try:
        found = verify_small(application.direct, application.peppers, application.anchors.read())
    except AnchorUnreadable as error:
        return [f"Database: {error}"]
    if found is None:
        return []
    if not found:
        return ["Database: every row is as this program wrote it"]
    return [
        f"Database: {len(found):,} findings: it was TAMPERED with. Run: apikeys db verify",
        *(f"  {finding}" for finding in found[:_NAMED]),
    ]


def _gateways(session: Session, now: datetime) -> list[str]:
    rows = session.exec(
        select(Gateway).where(col(Gateway.stopped_at).is_(None)).order_by(Gateway.name)
    ).all()
    if not rows:
        return ["Gateways: none running"]
    return [
        f"Gateway {row.name}: seen {(now - row.seen_at).total_seconds():,.0f} s ago" for row in rows
    ]


def _waiting(session: AccountSession, now: datetime) -> list[str]:
    pending = _count(
        session,
        OutboxRow,
        OutboxRow.account_id == session.account_id,
        col(OutboxRow.closed_at).is_(None),
    )
    messages = _count(
        session,
        LiveMessageRow,
        LiveMessageRow.account_id == session.account_id,
        col(LiveMessageRow.closed_at).is_(None),
        col(LiveMessageRow.due_at) <= now,
    )
    oldest = session.exec(
        select(func.min(OutboxRow.created_at)).where(
            OutboxRow.account_id == session.account_id, col(OutboxRow.closed_at).is_(None)
        )
    ).one()
    lines = [f"Pending: {pending} notifications, {messages} messages to redraw"]
    if oldest is not None and (now - oldest).total_seconds() > 60:
        lines.append(
            f"The oldest is from {oldest:%Y-%m-%d %H:%M} UTC. Is the bot running, and may it post?"
        )
    leaving = _count(
        session,
        Offboarding,
        Offboarding.account_id == session.account_id,
        Offboarding.state == "open",
    )
    if leaving:
        lines.append(f"Open offboardings: {leaving}")
    return lines
