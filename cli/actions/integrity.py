"""`apikeys db verify` and `apikeys db accept-restore`: is the database as it was written?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import click
from sqlmodel import select

from cli.actions.account import failing_on_domain_errors, operator
from cli.bootstrap.application import Application, open_application
from cli.terminal import progress, say
from keys.changes.operation import execute
from keys.integrity import verify
from keys.integrity.anchor import AnchorUnreadable
from keys.integrity.findings import ANCHOR, SCHEMA, Finding, unreadable
from keys.integrity.operations import AcceptRestore
from settings import load
from storage import reading
from storage.tables import Account

_SHOWN = 50


def verify_database() -> None:
    """Verify everything, with a progress bar; print what is not as it was written.

    Raises:
        click.exceptions.Exit: with code 1, if anything is not.
    """
    with closing(open_application(load())) as application:
        _report(_verify(application))


def _report(findings: Sequence[Finding]) -> None:
    """Print what was found, and end with status 1 if that is anything."""
    for finding in findings[:_SHOWN]:
        say(f"{finding}.")
    if len(findings) > _SHOWN:
        say(f"… and {len(findings) - _SHOWN:,} more.")
    if any(one.table == SCHEMA for one in findings):
        say(
            "Triggers tell gateways to drop a key from memory. Once they are as they were, restart "
            "every gateway: it may still accept keys whose revocation was shown as confirmed "
            "(docs/security.md)."
        )
    if any(one.table not in (ANCHOR, SCHEMA) for one in findings):
        say(
            "Keys that are named here are refused. Find out who can write to the database, and "
            "restore a backup, or revoke these keys and create others (docs/security.md)."
        )
    if findings:
        raise click.exceptions.Exit(1)


def _verify(application: Application) -> list[Finding]:
    findings: list[Finding] = []
    try:
        anchors = application.anchors.read()
    except AnchorUnreadable as error:
        say(f"The audit log has no anchor: {error}", err=True)
        anchors = {}
        findings.append(unreadable(application.anchors.path, ""))
    total, rows = verify.count(application.direct), 0
    with progress("Verifying", total) as advance:
        for step in verify.verify(application.direct, application.peppers, anchors=anchors):
            findings += step.findings
            rows += step.rows
            advance(step.rows)
    changed = sum(one.table not in (ANCHOR, SCHEMA) for one in findings)
    say(f"{rows:,} rows were verified, and {changed:,} are not as they were written.")
    return findings


def accept_restore(reason: str) -> None:
    """Accept the audit logs as they are, after a backup was restored on purpose."""
    with closing(open_application(load())) as application, failing_on_domain_errors():
        try:
            before = application.anchors.read()
        except AnchorUnreadable:
            before = {}
        with reading(application.engine) as session:
            accounts = session.exec(select(Account.id)).all()
        for account_id in accounts:
            known = before[account_id].seq if account_id in before else None
            operation = AcceptRestore(reason=reason, known=known)
            anchor = execute(application.services(account_id), operator(), operation).value
            application.anchors.accept({account_id: anchor})
            say(f"The audit log of {account_id} is accepted up to entry {anchor.seq:,}.")
        _report(_verify(application))
