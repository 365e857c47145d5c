"""Shared by the commands that work on one account's keys."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from pydantic import ValidationError

from cli.bootstrap.application import Application, open_application
from cli.terminal import Failure, say
from keys.base import accounts
from keys.base.errors import DomainError
from keys.changes import propagation
from keys.changes.authorization import Caller
from keys.changes.operation import Outcome, problems
from keys.credentials.tokens import redact
from keys.integrity.anchor import AnchorUnreadable
from keys.integrity.follow import follow
from runtime.display import visible
from settings import load
from storage import reading, writing


@contextmanager
def opened(workspace: str | None) -> Iterator[tuple[Application, str]]:
    """Open the application for a command on one account, until the block ends.

    Args:
        workspace: its id; None if there is only one.

    Raises:
        Failure: if there is no such workspace, and for each error of the domain.
    """
    with closing(open_application(load())) as application, failing_on_domain_errors():
        with writing(application.engine) as session:
            if workspace is None:
                account_id: str | None = accounts.the_only(session, application.clock.now())
            else:
                account_id = accounts.of_workspace(session, workspace)
        if account_id is None:
            raise Failure(f"There is no workspace {workspace} here.")
        yield application, account_id
        _move_anchor(application, account_id)


@contextmanager
def failing_on_domain_errors() -> Iterator[None]:
    """End the command with the sentences of an error of the domain. Raises Failure."""
    try:
        yield
    except (DomainError, ValidationError) as error:
        raise Failure(" ".join(why for _, why in problems(error))) from error


def _move_anchor(application: Application, account_id: str) -> None:
    """Note outside the database what this command has added to the audit log."""
    try:
        with reading(application.engine) as session:
            findings = follow(session, application.anchors, account_id)
    except AnchorUnreadable as error:
        say(f"The audit log has no anchor outside the database: {error}", err=True)
        return
    for finding in findings:
        say(f"Warning: {finding}. Run: apikeys db verify", err=True)


def operator() -> Caller:
    """Return the caller: the operator at this shell. Anyone there may set the name."""
    return Caller.operator(visible(redact(f"{getpass.getuser()}@{socket.gethostname()}")))


def say_propagation(outcome: Outcome[Any]) -> None:
    """Print how many gateways have confirmed, if they have to."""
    if outcome.propagation is not None:
        say(propagation.describe(outcome.propagation))
