"""Rules across the fields of one element, called when each field is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from sandbox.blockkit.base import limits
from sandbox.blockkit.base.schema import Context

DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
ZONE: Final = re.compile(r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*")
NUMBER: Final = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?", re.ASCII)

INITIAL_LISTS: Final = (
    "initial_options",
    "initial_users",
    "initial_conversations",
    "initial_channels",
)


def distinct_options(element: Mapping[str, object], context: Context) -> None:
    """Require that no two options share a value (page: option-object, "unique")."""
    seen = set()
    for path, option in _options(element):
        value = option.get("value")
        if value in seen:
            context.at(*path, "value").report("option values must be unique")
        seen.add(value)


def initial_among_options(element: Mapping[str, object], context: Context) -> None:
    """Require that the initial choices are among the options."""
    options = [option for _, option in _options(element)]
    if "initial_option" in element and element["initial_option"] not in options:
        context.at("initial_option").report("must exactly match one of the provided options")
    for index, chosen in enumerate(_list(element.get("initial_options"))):
        if chosen not in options:
            context.at("initial_options", index).report(
                "must exactly match one of the provided options"
            )


def initial_within_maximum(element: Mapping[str, object], context: Context) -> None:
    """Require that the initial choices are not more than the maximum."""
    most = element.get("max_selected_items")
    for name in INITIAL_LISTS:
        if isinstance(most, int) and len(_list(element.get(name))) > most:
            context.at(name).report(f"no more than {most} items allowed")


def real_date(element: Mapping[str, object], context: Context) -> None:
    """Require a date that exists: 30 February has the right format, but does not."""
    if "initial_date" in element:
        try:
            date.fromisoformat(str(element["initial_date"]))
        except ValueError:
            context.at("initial_date").report("must be a real date")


def length_range(element: Mapping[str, object], context: Context) -> None:
    """Require ``min_length`` ≤ ``max_length``, and an initial text that fits."""
    least, most = element.get("min_length"), element.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        context.at("min_length").report("must be less than or equal to max_length")
    room = most if isinstance(most, int) else limits.INPUT_LENGTH
    if len(str(element.get("initial_value", ""))) > room:
        context.at("initial_value").report(f"must be less than {room + 1} characters")


def number_range(element: Mapping[str, object], context: Context) -> None:
    """Require ``min_value`` ≤ ``initial_value`` ≤ ``max_value``; whole without decimals."""
    numbers = {
        name: Decimal(str(element[name]))
        for name in ("min_value", "initial_value", "max_value")
        if name in element
    }
    names = list(numbers)
    for lower, higher in pairwise(names):
        if numbers[lower] > numbers[higher]:
            context.at(lower).report(f"must be less than or equal to {higher}")
    for name in names:
        if not element["is_decimal_allowed"] and "." in str(element[name]):
            context.at(name).report("must be a whole number when is_decimal_allowed is false")


Option = Mapping[str, object]


def _options(element: Mapping[str, object]) -> Iterator[tuple[tuple[str | int, ...], Option]]:
    for index, option in enumerate(_list(element.get("options"))):
        if isinstance(option, Mapping):
            yield ("options", index), option
    for index, group in enumerate(_list(element.get("option_groups"))):
        if isinstance(group, Mapping):
            for path, option in _options({"options": group.get("options")}):
                yield ("option_groups", index, *path), option


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
