"""Reading an import file: CSV, a JSON array of objects, or one JSON object on each line.

The format is detected from the file's beginning. Only the format is checked here; the cells are
checked in keys.transfer.import_rows.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keys.base.errors import InvalidImport
from keys.inputs.names import refuse_token

COLUMNS = (
    "name",
    "hash",
    "algorithm",
    "hint",
    "owner",
    "scopes",
    "created_at",
    "expires_at",
    "note",
    "external_id",
)
_OTHER_NAMES = {"prefix": "hint"}
_SEPARATORS = (",", ";", "\t")
CELL_MAX = 10_000
# Unlike other line breaks, these cannot be part of a JSON string.
_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class RawLine:
    """One key's line in the file.

    Attributes:
        where: its position, such as `line 7`.
        cells: its cells, by column; missing ones are left out.
        problem: why the line cannot be read; empty if it can.
    """

    where: str
    cells: dict[str, str]
    problem: str = ""


def read(text: str) -> list[RawLine]:
    """Return the lines of a file, without blank ones.

    Raises:
        InvalidImport: if the file cannot be read, with a sentence that says why.
        TokenInText: if the name of a column contains a token.
    """
    text = text.removeprefix("\ufeff")
    begins = text.lstrip()[:1]
    if not begins:
        raise InvalidImport("The file is empty.")
    if begins == "[":
        return list(_array(text))
    if begins == "{":
        return list(_objects(text))
    return list(_csv(text))


def _csv(text: str) -> Iterator[RawLine]:
    heading = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(_SEPARATORS, key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(cells)
                continue
            yield _line(f"line {reader.line_num}", columns, cells)
    except csv.Error as error:
        raise InvalidImport(
            f"Line {reader.line_num} is not CSV: {error}. Check its quotation marks."
        ) from None


def _columns(cells: list[str]) -> list[str]:
    columns = [_column(cell.strip()) for cell in cells]
    if "hash" not in columns:
        raise InvalidImport(
            "The first line must be the names of the columns, and “hash” must be among them. "
            f"The columns are: {', '.join(COLUMNS)}."
        )
    if len(set(columns)) != len(columns):
        raise InvalidImport("A column appears twice. Remove one of the two.")
    return columns


def _column(name: str) -> str:
    folded = name.casefold()
    known = _OTHER_NAMES.get(folded, folded)
    if known not in COLUMNS:
        refuse_token(name, "name of a column")
        # Ignoring it could lose information, such as an expiry date.
        raise InvalidImport(
            f"There is no column “{name[:40]}”. The columns are: {', '.join(COLUMNS)}."
        )
    return known


def _line(where: str, columns: list[str], cells: list[str]) -> RawLine:
    if len(cells) > len(columns):
        return RawLine(
            where, {}, "It has more cells than there are columns. Put cells with commas in quotes."
        )
    if any(len(cell) > CELL_MAX for cell in cells):
        return RawLine(where, {}, f"A cell has more than {CELL_MAX} characters. Shorten it.")
    pairs = zip(columns, cells, strict=False)
    return RawLine(where, {column: cell.strip() for column, cell in pairs if cell.strip()})


def _array(text: str) -> Iterator[RawLine]:
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise InvalidImport(f"The file is not JSON: {error}.") from None
    except RecursionError:
        raise InvalidImport(
            "The file is not JSON that can be read: it is nested too deeply."
        ) from None
    for number, entry in enumerate(entries, start=1):
        yield _entry(f"entry {number}", entry)


def _objects(text: str) -> Iterator[RawLine]:
    for number, each in enumerate(_LINE_END.split(text), start=1):
        if not each.strip():
            continue
        try:
            entry = json.loads(each)
        except (ValueError, RecursionError):
            raise InvalidImport(
                f"Line {number} is not a JSON object. Use an array of objects, or one object on "
                "each line."
            ) from None
        yield _entry(f"line {number}", entry)


def _entry(where: str, entry: Any) -> RawLine:
    if not isinstance(entry, dict):
        return RawLine(where, {}, "It is not an object. Use an object with the columns as names.")
    cells: dict[str, str] = {}
    for name, value in entry.items():
        cell = _cell(value)
        if cell is None:
            refuse_token(str(name), "name of a column")
            return RawLine(
                where, {}, f"“{str(name)[:40]}” is neither a string nor a number. Use one of them."
            )
        if cell.strip():
            cells[_column(str(name))] = cell.strip()
    return RawLine(where, cells)


def _cell(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)[: CELL_MAX + 1]
