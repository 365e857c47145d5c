"""A small schema language for Block Kit: kinds of values, fields, shapes.

A rule is data: ``Shape(page, fields, ...)`` lists what an object may hold, and every kind checks a
value. ``Context`` holds the current place in the payload and collects the errors there, worded like
Slack's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "messages"
    MODAL = "modals"
    HOME = "Home tabs"


EVERYWHERE: Final = frozenset(Surface)
MESSAGES: Final = frozenset({Surface.MESSAGE})
MODALS: Final = frozenset({Surface.MODAL})


@dataclass(frozen=True)
class Context:
    """A place in the payload, and the list that collects the errors of all places."""

    surface: Surface
    errors: list[str] = field(default_factory=list)
    path: tuple[str | int, ...] = ()

    def at(self, *steps: str | int) -> Context:
        """Return the context of a place further in."""
        return replace(self, path=(*self.path, *steps))

    def report(self, message: str) -> None:
        """Report an error here."""
        pointer = "".join("/" + _escaped(step) for step in self.path)
        self.errors.append(f"[ERROR] {message} [json-pointer:{pointer}]")


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def shorten(word: str) -> str:
    """Shorten a text of the payload, to quote it in an error."""
    return word if len(word) <= 60 else word[:60] + "…"


class Kind(Protocol):
    """A kind of value."""

    def check(self, value: object, context: Context) -> None:
        """Report to ``context`` what is wrong with ``value``, if anything."""


@dataclass(frozen=True)
class Text:
    """A string of ``minimum`` to ``maximum`` characters that matches ``pattern``, if any."""

    maximum: int | None = None
    minimum: int = 1
    pattern: re.Pattern[str] | None = None
    meaning: str = "in the right format"

    def check(self, value: object, context: Context) -> None:
        if not isinstance(value, str):
            context.report("must provide a string")
        elif len(value) < self.minimum:
            context.report(f"must be more than {self.minimum - 1} characters")
        elif self.maximum is not None and len(value) > self.maximum:
            context.report(f"must be less than {self.maximum + 1} characters")
        elif self.pattern is not None and not self.pattern.fullmatch(value):
            context.report(f"must be {self.meaning}")


@dataclass(frozen=True)
class Choice:
    """One of a fixed set of strings."""

    values: tuple[str, ...]

    def check(self, value: object, context: Context) -> None:
        if not isinstance(value, str):
            context.report("must provide a string")
        elif value not in self.values:
            context.report(f"must be a valid enum value: one of {', '.join(self.values)}")


@dataclass(frozen=True)
class Flag:
    """``true`` or ``false``."""

    def check(self, value: object, context: Context) -> None:
        if not isinstance(value, bool):
            context.report("must provide a boolean")


@dataclass(frozen=True)
class Integer:
    """A whole number from ``minimum`` to ``maximum``, both included."""

    minimum: int | None = None
    maximum: int | None = None

    def check(self, value: object, context: Context) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            context.report("must provide a whole number")
        elif self.minimum is not None and value < self.minimum:
            context.report(f"must be greater than {self.minimum - 1}")
        elif self.maximum is not None and value > self.maximum:
            context.report(f"must be less than {self.maximum + 1}")


@dataclass(frozen=True)
class Items:
    """An array of ``minimum`` to ``maximum`` items of one kind."""

    of: Kind
    maximum: int | None = None
    minimum: int = 1

    def check(self, value: object, context: Context) -> None:
        if not isinstance(value, list | tuple):
            context.report("must provide an array")
            return
        if len(value) < self.minimum:
            context.report(f"no fewer than {self.minimum} items allowed")
        if self.maximum is not None and len(value) > self.maximum:
            context.report(f"no more than {self.maximum} items allowed")
        for index, item in enumerate(value):
            self.of.check(item, context.at(index))


@dataclass(frozen=True)
class OrNull:
    """A kind, or ``null``."""

    of: Kind

    def check(self, value: object, context: Context) -> None:
        if value is not None:
            self.of.check(value, context)


@dataclass(frozen=True)
class Field:
    """A field of an object."""

    kind: Kind
    required: bool


def required(kind: Kind) -> Field:
    """Make a required field."""
    return Field(kind, required=True)


def optional(kind: Kind) -> Field:
    """Make a field that may be left out (but not be ``null``)."""
    return Field(kind, required=False)


Rule = Callable[[Mapping[str, object], Context], None]
"""A rule about several fields of one object; called only when each field is valid."""


@dataclass(frozen=True)
class Shape:
    """An object: its fields, where it may be used, and rules across its fields.

    Arguments:
        page: Slack's page about it, below https://docs.slack.dev/reference/.
        fields: every field it may have; any other is refused.
        type: the value of its ``type`` field; ``None`` if it has none.
        surfaces: where it may be shown.
        rules: checks across fields.
    """

    page: str
    fields: Mapping[str, Field]
    type: str | None = None
    surfaces: frozenset[Surface] = EVERYWHERE
    rules: tuple[Rule, ...] = ()

    def check(self, value: object, context: Context) -> None:
        if not isinstance(value, Mapping):
            context.report("must provide an object")
            return
        before = len(context.errors)
        self._check_surface(context)
        self._check_names(value, context)
        for name, declared in self.fields.items():
            if name in value:
                declared.kind.check(value[name], context.at(name))
        if len(context.errors) == before:
            for rule in self.rules:
                rule(value, context)

    def _check_surface(self, context: Context) -> None:
        if context.surface not in self.surfaces:
            context.at("type").report(
                f"unsupported type: {self.type} is not available in {context.surface}"
            )

    def _check_names(self, value: Mapping[object, object], context: Context) -> None:
        for name, declared in self.fields.items():
            if declared.required and name not in value:
                context.report(f"missing required field: {name}")
        for given in value:
            if given not in self.fields and not (given == "type" and self.type is not None):
                context.report(f"invalid additional property: {shorten(str(given))}")


@dataclass(frozen=True)
class OneOf:
    """One of several shapes, told apart by their ``type``.

    Arguments:
        shapes: the shapes allowed here.
        path: what errors call this place when a type is not allowed here.
        known: types that exist elsewhere, for a better error.
    """

    shapes: Mapping[str, Shape]
    path: str = "here"
    known: frozenset[str] = frozenset()

    def check(self, value: object, context: Context) -> None:
        if not isinstance(value, Mapping):
            context.report("must provide an object")
        elif "type" not in value:
            context.report("missing required field: type")
        else:
            self._check_as(value["type"], value, context)

    def _check_as(self, kind: object, value: object, context: Context) -> None:
        if not isinstance(kind, str):
            context.at("type").report("must provide a string")
        elif kind in self.shapes:
            self.shapes[kind].check(value, context)
        elif kind in self.known:
            context.at("type").report(f"unsupported type: {kind} is not allowed {self.path}")
        else:
            context.at("type").report(f"unsupported type: {shorten(kind)}")


def one_of(shapes: Iterable[Shape], path: str = "here", known: Iterable[Shape] = ()) -> OneOf:
    """Make a ``OneOf`` from shapes with a type."""
    return OneOf(
        {shape.type: shape for shape in shapes if shape.type is not None},
        path,
        frozenset(shape.type for shape in known if shape.type is not None),
    )
