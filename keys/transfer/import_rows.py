"""Check the lines of a file of keys to import: each becomes values, or a sentence that says what is
wrong and what to do.

No sentence repeats a hash or what else might be a key by mistake.
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
from keys.transfer.hashes import LineRefused, read_algorithm, read_hash, refuse_key
from keys.transfer.import_files import RawLine

HINT_MAX = 20
EXTERNAL_ID_MAX = 100

# A hint is shown in Slack as code, where nothing of this is markup.
_HINT = re.compile(r"[A-Za-z0-9._:/+=~-]+\Z")
# Columns whose fields refuse a token in their own words, and the hash, which may look like one.
_FIELDS = frozenset({"hash", "name", "owner", "scopes", "note"})
_NUMBER = re.compile(r"\d{9,13}(?:\.\d+)?\Z")
_MILLISECONDS = 100_000_000_000  # as seconds, this would be in the year 5138


_CHECKED = ConfigDict(hide_input_in_errors=True, arbitrary_types_allowed=True)


@checked_dataclass(frozen=True, slots=True, config=_CHECKED)
class Defaults:
    """What counts for lines that do not say it themselves.

    Attributes:
        algorithm: None has it guessed from a hash's length.
        scopes: None has such lines refused.
        timezone: in which a date without a time is a key's last day.
    """

    algorithm: Algorithm | None = None
    scopes: Scopes | None = None
    timezone: tzinfo = UTC


@checked_dataclass(frozen=True, slots=True, config=_CHECKED)
class ImportRow:
    """A key to import; its fields are checked as those of a new key are (keys.inputs.fields).

    Attributes:
        name: empty if the line has none.
        guessed: the algorithm was told from the hash's length alone.
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
    """What a file holds.

    Attributes:
        expired: where keys stand that have expired; they are left out.
    """

    entries: list[ImportRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)


def check(lines: Iterable[RawLine], defaults: Defaults, now: datetime) -> Checked:
    """Check each line by itself, and that none is there twice."""
    checked = Checked()
    hashes: dict[tuple[Algorithm, bytes], str] = {}
    ids: dict[str, str] = {}
    for line in lines:
        try:
            entry = check_line(line, defaults, now)
            other = hashes.setdefault((entry.algorithm, entry.digest), entry.where)
            if other != entry.where:
                raise LineRefused(f"It has the same hash as {other}. Take one of the two out.")
            if entry.external_id is not None:
                other = ids.setdefault(entry.external_id, entry.where)
                if other != entry.where:
                    raise LineRefused(
                        f"It has the same external_id as {other}. Each key needs one of its own."
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
    """Read one line.

    Raises:
        DomainError: with a sentence that says what is wrong.
        ValidationError: with a sentence for each field that is wrong.
    """
    if line.problem:
        raise LineRefused(line.problem)
    cells = line.cells
    # First of all, so that no other sentence repeats a piece of one; fields refuse them as well.
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
            f"A hint is the key's beginning, by which people know it: {HINT_MAX} letters and "
            "digits at the most, such as sk_live_3ZYh."
        )
    return text


def _no_scopes() -> NoReturn:
    raise LineRefused(
        f"It does not say what the key may do. Fill in “scopes” ({', '.join(SCOPES)}), or say "
        "--scopes for all lines without."
    )


def _external_id(text: str) -> str | None:
    if len(text) > EXTERNAL_ID_MAX or not text.isprintable():
        raise LineRefused(
            f"An external_id has {EXTERNAL_ID_MAX} characters at the most, on one line."
        )
    return text or None


def _created(text: str, now: datetime) -> datetime | None:
    created = _parse_time("created_at", text)
    if created is not None and created > now + timedelta(days=1):
        raise LineRefused("“created_at” is in the future. Check the column, and its time zone.")
    return min(created, now) if created is not None else None


def _parse_time(column: str, text: str, *, last_in: tzinfo | None = None) -> datetime | None:
    """Read a time; without a zone it is UTC, and a bare number counts (milli)seconds since 1970.

    Args:
        last_in: a date without a time means its end in this time zone; None for its beginning, UTC.
    """
    if not text:
        return None
    try:
        if _NUMBER.match(text):
            number = float(text)
            return datetime.fromtimestamp(number / (1000 if number >= _MILLISECONDS else 1), UTC)
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            if last_in is not None:
                return Policy(timezone=last_in).last_moment(day)
            return datetime.combine(day, time(), UTC)
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise LineRefused(
            f"“{column}” is no time. One looks like 2027-01-31, 2027-01-31T12:00:00Z, or is a "
            "number of seconds since 1970."
        ) from None
