"""`apikeys audit …`: the evidence of audits, written down and checked."""

from __future__ import annotations

from pathlib import Path

import click

from cli.actions.account import opened
from cli.bootstrap.application import Application
from keys.base.errors import DomainError
from keys.reviews import evidence, queries, signing
from keys.reviews.models import ReviewView, Stage
from storage import reading


def status(workspace: str | None) -> None:
    """Say how far the newest audit is."""
    with opened(workspace) as (application, account_id):
        found = _newest(application, account_id)
    until = found.ended_at or found.deadline_at
    state = "ended" if found.stage is Stage.FINISHED else "is open until"
    click.echo(
        f"{found.id}, begun {found.created_at:%Y-%m-%d}, {state} {until:%Y-%m-%d}: "
        f"{found.done} of {found.total} keys decided."
    )


def export(form: str, audit_id: str | None, output: Path | None, workspace: str | None) -> None:
    """Write down the evidence of an audit; as JSON it is signed."""
    with opened(workspace) as (application, account_id):
        id_ = audit_id or _newest(application, account_id).id
        try:
            with reading(application.engine, account_id) as session:
                if form == "csv":
                    text = "".join(evidence.table(session, id_))
                else:
                    text = evidence.serialize(session, id_, application.peppers)
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error


def key() -> None:
    """Print the public key with which anybody can check the evidence."""
    with opened(None) as (application, _):
        for version, public in sorted(signing.public_keys(application.peppers).items()):
            click.echo(f"{public}  (of pepper {version})")


def verify(file: Path, keys_given: tuple[str, ...]) -> None:
    """Check that FILE is the evidence of an audit, as it was written.

    Without --key it has to come from here. With it nothing of this program's settings is needed.
    """
    trusted = set(keys_given)
    if not trusted:
        with opened(None) as (application, _):
            trusted = set(signing.public_keys(application.peppers).values())
    try:
        verdict = evidence.verify(evidence.read(file.read_bytes()), trusted)
    except DomainError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from error
    if not verdict:
        raise click.ClickException(
            f"{file} is not as it was written. " + " ".join(verdict.problems)
        )
    click.echo(
        f"{file} is as it was written: audit {verdict.audit}, {verdict.keys} keys, "
        f"{verdict.decisions} decisions, signed with {verdict.key}."
    )


def _newest(application: Application, account_id: str) -> ReviewView:
    with reading(application.engine, account_id) as session:
        found = queries.newest(session)
    if found is None:
        raise click.ClickException("There was no audit yet.")
    return found
