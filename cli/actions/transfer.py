"""`apikeys import` and `apikeys export`: import keys from another system, and export all keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from cli.actions.account import opened, operator, say_propagation
from cli.bootstrap.application import Application
from cli.bootstrap.policy import expiry_policy
from cli.terminal import Failure, exported, say
from keys.base.errors import InvalidImport
from keys.base.policy import Policy
from keys.changes.operation import execute
from keys.inputs.fields import split_list
from keys.operations import Export, Import, Outcome
from keys.transfer import export_keys as exporting
from keys.transfer import import_keys as importing
from keys.transfer import import_rows
from keys.transfer.formats import ALGORITHMS, Form
from keys.transfer.import_files import read
from keys.transfer.import_keys import Plan
from keys.transfer.import_rows import Checked, Defaults, ImportRow, Problem
from runtime import private_files
from settings import load_team
from storage import reading

# With --keep-going, keys are added in batches, so that other changes do not wait long.
_BATCH = 2_000
_NAMED = 5


def import_keys(
    file: IO[bytes],
    dry_run: bool,
    keep_going: bool,
    algorithm: str | None,
    scopes: str,
    workspace: str | None,
) -> None:
    """Import keys from another system by their hashes, so that they keep working.

    FILE is CSV or JSON; - reads standard input. Either all lines are added, or none.
    """
    policy = expiry_policy(load_team())
    with opened(workspace) as (application, account_id):
        now = application.clock.now()
        defaults = Defaults(
            algorithm=ALGORITHMS[algorithm] if algorithm else None,
            scopes=split_list(scopes) or None,
            timezone=policy.timezone,
        )
        checked = import_rows.check(read(_text(file)), defaults, now)
        outcome = Outcome(Plan(), changed=False)
        if dry_run:
            with reading(application.engine, account_id) as session:
                made = importing.plan(application.services(account_id), session, checked.entries)
            outcome = Outcome(made, changed=False)
        elif keep_going:
            outcome = _in_batches(application, account_id, checked.entries)
        elif not checked.problems:
            outcome = _import(application, account_id, checked.entries, all_or_nothing=True)
        made = outcome.value
        problems = sorted((*checked.problems, *made.problems), key=_line_of)
        for problem in problems:
            say(f"{problem.where}: {problem.why}", err=True)
        nothing = bool(problems) and not keep_going
        for sentence in _summary(checked, made, problems, dry_run=dry_run, nothing=nothing):
            say(sentence)
        if (longer := made.outlasting(policy, now)) and not nothing:
            say(_outlasting(longer, policy))
        say_propagation(outcome)
    if problems:
        raise click.exceptions.Exit(1)


def _text(file: IO[bytes]) -> str:
    try:
        return file.read().decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidImport(
            "The file is not UTF-8 text. Save it as UTF-8, and try again."
        ) from None


def _import(
    application: Application, account_id: str, entries: Sequence[ImportRow], *, all_or_nothing: bool
) -> Outcome[Plan]:
    operation = Import(rows=entries, all_or_nothing=all_or_nothing)
    return execute(application.services(account_id), operator(), operation)


def _in_batches(
    application: Application, account_id: str, entries: Sequence[ImportRow]
) -> Outcome[Plan]:
    """Import in batches, each announced separately.

    A gateway that has confirmed a batch has also seen the earlier ones, so the last one is enough.
    """
    total, propagation = Plan(), None
    for start in range(0, len(entries), _BATCH):
        batch = entries[start : start + _BATCH]
        done = _import(application, account_id, batch, all_or_nothing=False)
        total.fresh += done.value.fresh
        total.known += done.value.known
        total.problems += done.value.problems
        propagation = done.propagation or propagation
    return Outcome(total, bool(total.fresh), propagation)


def _line_of(problem: Problem) -> int:
    return int(problem.where.rpartition(" ")[2])


def _summary(
    checked: Checked, made: Plan, problems: Sequence[Problem], *, dry_run: bool, nothing: bool
) -> Iterator[str]:
    if problems:
        yield f"{_count(len(problems), 'line')} cannot be imported; see above."
    if nothing:
        again = "" if dry_run else " --keep-going adds the others."
        yield f"{'Nothing would be added' if dry_run else 'Nothing was added'}.{again}"
        return
    added = _count(len(made.fresh), "key")
    yield f"{added} would be added." if dry_run else f"{added} added."
    if made.known:
        yield f"{_count(len(made.known), 'key')} already imported, and unchanged."
    if checked.expired:
        yield f"{_count(len(checked.expired), 'key')} expired, and skipped: " + _some(
            checked.expired
        )
    if made.renamed:
        names = (f"{each.entry.where} “{each.name}”" for each in made.renamed)
        yield f"{_count(len(made.renamed), 'name')} given a number: {_some(list(names))}"
    guessed = Counter(each.entry.algorithm for each in made.fresh if each.entry.guessed)
    if guessed:
        kinds = ", ".join(f"{name} for {_count(n, 'line')}" for name, n in guessed.items())
        yield f"Guessed from the length of the hashes: {kinds}. Test one key first."


def _outlasting(places: Sequence[str], policy: Policy) -> str:
    count, most = _count(len(places), "key"), policy.expiry_max_days
    last, keep = ("lasts", "keeps its date") if len(places) == 1 else ("last", "keep their dates")
    return (
        f"{count} {last} longer than the {most} days that new keys may, and {keep}: "
        f"{_some(places)} To change one: apikeys keys expire"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _some(places: Sequence[str]) -> str:
    more = f", and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
    return ", ".join(places[:_NAMED]) + more + "."


def export_keys(form: str, output: Path | None, revoked: bool, workspace: str | None) -> None:
    """Export everything about the keys except tokens and hashes."""
    with opened(workspace) as (application, account_id):
        wanted = Form(form)
        services, operation = application.services(account_id), Export(form=wanted, revoked=revoked)
        number = execute(services, operator(), operation).value
        with reading(application.engine, account_id) as session, _written_to(output) as file:
            rows = exporting.rows(session, application.clock.now(), revoked=revoked)
            _write(file, exporting.serialize(wanted, rows))
    if output is not None:
        say(f"{_count(number, 'key')} in {output}", err=True)


def _write(file: IO[str], pieces: Iterable[str]) -> None:
    for piece in pieces:
        file.write(piece)


@contextmanager
def _written_to(path: Path | None) -> Iterator[IO[str]]:
    """Open standard output, or a file that only its owner can read, and that is written completely.

    Raises:
        Failure: if the file cannot be written.
    """
    if path is None:
        with exported() as file:
            yield file
        return
    try:
        with private_files.writing(path) as file:
            yield file
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error
