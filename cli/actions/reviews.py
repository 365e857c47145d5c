"""`apikeys audit …`: export and verify the evidence of audits."""

from __future__ import annotations

from pathlib import Path

from cli.actions.account import opened
from cli.bootstrap.application import Application
from cli.terminal import Failure, exported, say
from keys.base.errors import DomainError
from keys.reviews import queries
from keys.reviews.evidence import export as evidence
from keys.reviews.evidence import files, signing
from keys.reviews.models import ReviewView, Stage
from runtime import private_files
from storage import reading


def status(workspace: str | None) -> None:
    """Show the progress of the newest audit."""
    with opened(workspace) as (application, account_id):
        found = _newest(application, account_id)
    until = found.ended_at or found.deadline_at
    state = "ended" if found.stage is Stage.FINISHED else "is open until"
    say(
        f"{found.id}, started {found.created_at:%Y-%m-%d}, {state} {until:%Y-%m-%d}: "
        f"{found.done} of {found.total} keys decided."
    )


def export(form: str, audit_id: str | None, output: Path | None, workspace: str | None) -> None:
    """Export the evidence of an audit; JSON is signed."""
    with opened(workspace) as (application, account_id):
        id_ = audit_id or _newest(application, account_id).id
        try:
            with reading(application.engine, account_id) as session:
                if form == "csv":
                    text = "".join(evidence.table(session, id_))
                else:
                    text = evidence.serialize(session, id_, application.peppers)
        except DomainError as error:
            raise Failure(str(error)) from error
    if output is None:
        with exported() as file:
            file.write(text)
        return
    try:
        with private_files.writing(output) as file:
            file.write(text)
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}.") from error


def key() -> None:
    """Print the public key that verifies the evidence."""
    with opened(None) as (application, _):
        for version, public in sorted(signing.public_keys(application.peppers).items()):
            say(f"{public}  (of pepper {version})")


def verify(file: Path, keys_given: tuple[str, ...]) -> None:
    """Verify that FILE is the unchanged evidence of an audit.

    Without --key, it must have been signed here. With it, no settings of this program are needed.
    """
    trusted = set(keys_given)
    if not trusted:
        with opened(None) as (application, _):
            trusted = set(signing.public_keys(application.peppers).values())
    try:
        result = files.verify(files.read(file.read_bytes()), trusted)
    except DomainError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.") from error
    if not result:
        raise Failure(f"{file} failed verification. " + " ".join(result.problems))
    say(
        f"{file} is unchanged: audit {result.audit}, {result.keys} keys, "
        f"{result.decisions} decisions, signed with {result.key}."
    )
    for sentence in result.uncovered:
        say(f"Note: {sentence}")


def _newest(application: Application, account_id: str) -> ReviewView:
    with reading(application.engine, account_id) as session:
        found = queries.newest(session)
    if found is None:
        raise Failure("There has been no audit yet.")
    return found
