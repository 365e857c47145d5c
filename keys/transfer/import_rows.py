"""Checking the lines of an import file: each becomes an ImportRow or a problem.

Error messages never repeat a hash, or a text that may be a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NoReturn

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from keys.base.errors import DomainError
from keys.base.policy import Policy
from keys.changes.operation import problems
from keys.credentials.algorithms import Algorithm
from keys.inputs.fields import Name, Note, Owner, Scopes, split_list
from keys.inputs.names import refuse_token
from keys.inputs.scopes import SCOPES
from keys.inputs.text import hidden_problem
from keys.transfer.hashes import LineRefused, read_algorithm, read_hash, refuse_key
from keys.transfer.import_files import RawLine

HINT_MAX = 20
EXTERNAL_ID_MAX = 100

# A hint is shown in Slack as code; none of these characters is markup there.
_HINT = re.compile(r"[A-Za-z0-9._:/+=~-]+\Z")
# Columns whose fields refuse tokens themselves, and the hash, which may look like a token.
_FIELDS = frozenset({"hash", "name", "owner", "scopes", "note"})
_NUMBER = re.compile(r"\d{9,13}(?:\.\d+)?\Z")
_MILLISECONDS = 100_000_000_000  # as seconds, this would be in the year 5138


_CHECKED = ConfigDict(hide_input_in_errors=True, arbitrary_types_allowed=True)


@checked_dataclass(frozen=True, slots=True, config=_CHECKED)
class Defaults:
    """Defaults for lines with missing values.

    Attributes:
        algorithm: the algorithm; None to guess it from a hash's length.
        scopes: the scopes; None to refuse lines without them.
        timezone: the time zone of expiry dates without a time.
    """

    algorithm: Algorithm | None = None
    scopes: Scopes | None = None
    timezone: tzinfo = UTC


@checked_dataclass(frozen=True, slots=True, config=_CHECKED)
class ImportRow:
    """A key to import; its fields are validated like a new key's (keys.inputs.fields).

    Attributes:
        name: its name; empty if the line has none.
        guessed: whether the algorithm was guessed from the hash's length.
    """

    where: str
    algorithm: Algorithm
    guessed: bool
    digest: bytes = field(repr=False)
    scopes: Scopes
    name: Name = ""
    hint: str = ""
    owner: Owner = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    note: Note = ""
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be imported, and why."""

    where: str
    why: str


@dataclass(slots=True)
class Checked:
    """The checked lines of a file.

    Attributes:
        expired: the positions of expired keys, which are not imported.
    """

    entries: list[ImportRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)


def check(lines: Iterable[RawLine], defaults: Defaults, now: datetime) -> Checked:
    """Check each line, and that there are no duplicates."""
    checked = Checked()
    hashes: dict[tuple[Algorithm, bytes], str] = {}
    ids: dict[str, str] = {}
    for line in lines:
        try:
            entry = check_line(line, defaults, now)
            other = hashes.setdefault((entry.algorithm, entry.digest), entry.where)
            if other != entry.where:
                raise LineRefused(f"It has the same hash as {other}. Remove one of the two.")
            if entry.external_id is not None:
                other = ids.setdefault(entry.external_id, entry.where)
                if other != entry.where:
                    raise LineRefused(
                        f"It has the same external_id as {other}. Give each key a different one."
                    )
        except (DomainError, ValidationError) as error:
            why = " ".join(sentence for _, sentence in problems(error))
            checked.problems.append(Problem(line.where, why))
            continue
        if entry.expires_at is not None and entry.expires_at <= now:
            checked.expired.append(entry.where)
        else:
            checked.entries.append(entry)
    return checked


def check_line(line: RawLine, defaults: Defaults, now: datetime) -> ImportRow:
    """Check one line.

    Raises:
        DomainError: with a sentence that explains the problem.
        ValidationError: with a sentence for each invalid field.
    """
    if line.problem:
        raise LineRefused(line.problem)
    cells = line.cells
    # Tokens are refused first, so that no other message repeats a part of one.
    for column, cell in cells.items():
        if column not in _FIELDS:
            refuse_token(cell, f"column “{column}”")
    algorithm, digest, guessed = read_hash(
        cells.get("hash", ""), read_algorithm(cells.get("algorithm", "")) or defaults.algorithm
    )
    refuse_key(cells, algorithm, digest)
    return ImportRow(
        where=line.where,
        algorithm=algorithm,
        guessed=guessed,
        digest=digest,
        hint=_hint(cells.get("hint", "")),
        owner=cells.get("owner"),
        scopes=split_list(cells.get("scopes", "")) or defaults.scopes or _no_scopes(),
        created_at=_created(cells.get("created_at", ""), now),
        expires_at=_parse_time(
            "expires_at", cells.get("expires_at", ""), last_in=defaults.timezone
        ),
        note=cells.get("note", ""),
        external_id=_external_id(cells.get("external_id", "")),
        **({"name": cells["name"]} if "name" in cells else {}),
    )


def _hint(text: str) -> str:
    if not text:
        return ""
    if len(text) > HINT_MAX or not _HINT.match(text):
        raise LineRefused(
            f"The hint is invalid. Enter the key's beginning, at most {HINT_MAX} letters and "
            "digits, such as sk_live_3ZYh."
        )
    return text


def _no_scopes() -> NoReturn:
    raise LineRefused(
        f"The key has no scopes. Fill in “scopes” ({', '.join(SCOPES)}), or set a default for all "
        "lines with --scopes."
    )


def _external_id(text: str) -> str | None:
    if len(text) > EXTERNAL_ID_MAX or not text.isprintable() or hidden_problem(text, "id"):
        raise LineRefused(
            f"The external_id is invalid. Use at most {EXTERNAL_ID_MAX} characters on one line."
        )
    return text or None


def _created(text: str, now: datetime) -> datetime | None:
    created = _parse_time("created_at", text)
    if created is not None and created > now + timedelta(days=1):
        raise LineRefused("“created_at” is in the future. Check the column and its time zone.")
    return min(created, now) if created is not None else None


def _parse_time(column: str, text: str, *, last_in: tzinfo | None = None) -> datetime | None:
    """Parse a time; the default zone is UTC, and a number is (milli)seconds since 1970.

    Args:
        last_in: a date without a time is its end in this time zone; if None, its beginning in UTC.
    """
    if not text:
        return None
    try:
        if _NUMBER.match(text):
            number = float(text)
            return datetime.fromtimestamp(number / (1000 if number >= _MILLISECONDS else 1), UTC)
        if (day := _day(text)) is not None:
            if last_in is not None:
                return Policy(timezone=last_in).last_moment(day)
            return datetime.combine(day, time(), UTC)
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise LineRefused(
            f"“{column}” is not a time. Enter one like 2027-01-31 or 2027-01-31T12:00:00Z, or the "
            "seconds since 1970."
        ) from None


def _day(text: str) -> date | None:
    """Return the date if the text is one without a time, in any form of ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
