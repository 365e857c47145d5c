"""The words that rules are written in: kinds of values, fields, shapes.

A rule is data: ``Shape(page, fields, ...)`` says what an object may hold, and every kind knows how
to check a value. ``Walk`` remembers where in the payload we are and collects what is wrong there.
The messages are worded like Slack's own.
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
class Walk:
    """A place in the payload, and the list that collects the errors of all places."""

    surface: Surface
    errors: list[str] = field(default_factory=list)
    path: tuple[str | int, ...] = ()

    def at(self, *steps: str | int) -> Walk:
        """The place further in."""
        return replace(self, path=(*self.path, *steps))

    def say(self, message: str) -> None:
        """Report an error here."""
        pointer = "".join("/" + _escaped(step) for step in self.path)
        self.errors.append(f"[ERROR] {message} [json-pointer:{pointer}]")


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def shown(word: str) -> str:
    """A word from the payload, short enough to be repeated in an error."""
    return word if len(word) <= 60 else word[:60] + "…"


class Kind(Protocol):
    """Something a value can be."""

    def check(self, value: object, walk: Walk) -> None:
        """Report to ``walk`` what is wrong with ``value``; return quietly when nothing is."""


@dataclass(frozen=True)
class Text:
    """A string of ``minimum`` to ``maximum`` characters that matches ``pattern``, if any."""

    maximum: int | None = None
    minimum: int = 1
    pattern: re.Pattern[str] | None = None
    meaning: str = "in the right format"

    def check(self, value: object, walk: Walk) -> None:
        if not isinstance(value, str):
            walk.say("must provide a string")
        elif len(value) < self.minimum:
            walk.say(f"must be more than {self.minimum - 1} characters")
        elif self.maximum is not None and len(value) > self.maximum:
            walk.say(f"must be less than {self.maximum + 1} characters")
        elif self.pattern is not None and not self.pattern.fullmatch(value):
            walk.say(f"must be {self.meaning}")


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, value: object, walk: Walk) -> None:
        if not isinstance(value, str):
            walk.say("must provide a string")
        elif value not in self.words:
            walk.say(f"must be a valid enum value: one of {', '.join(self.words)}")


@dataclass(frozen=True)
class Flag:
    """``true`` or ``false``."""

    def check(self, value: object, walk: Walk) -> None:
        if not isinstance(value, bool):
            walk.say("must provide a boolean")


@dataclass(frozen=True)
class Whole:
    """A whole number from ``minimum`` to ``maximum``, both included."""

    minimum: int | None = None
    maximum: int | None = None

    def check(self, value: object, walk: Walk) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            walk.say("must provide a whole number")
        elif self.minimum is not None and value < self.minimum:
            walk.say(f"must be greater than {self.minimum - 1}")
        elif self.maximum is not None and value > self.maximum:
            walk.say(f"must be less than {self.maximum + 1}")


@dataclass(frozen=True)
class Items:
    """An array of ``minimum`` to ``maximum`` items of one kind."""

    of: Kind
    maximum: int | None = None
    minimum: int = 1

    def check(self, value: object, walk: Walk) -> None:
        if not isinstance(value, list | tuple):
            walk.say("must provide an array")
            return
        if len(value) < self.minimum:
            walk.say(f"no fewer than {self.minimum} items allowed")
        if self.maximum is not None and len(value) > self.maximum:
            walk.say(f"no more than {self.maximum} items allowed")
        for index, item in enumerate(value):
            self.of.check(item, walk.at(index))


@dataclass(frozen=True)
class OrNull:
    """A kind, or ``null`` to leave a place empty."""

    of: Kind

    def check(self, value: object, walk: Walk) -> None:
        if value is not None:
            self.of.check(value, walk)


@dataclass(frozen=True)
class Field:
    """A named part of an object."""

    kind: Kind
    required: bool


def required(kind: Kind) -> Field:
    """A field that must be there."""
    return Field(kind, required=True)


def optional(kind: Kind) -> Field:
    """A field that may be left out (but not be ``null``)."""
    return Field(kind, required=False)


Rule = Callable[[Mapping[str, object], Walk], None]
"""A rule about several fields of one object; called only when each field is right by itself."""


@dataclass(frozen=True)
class Shape:
    """An object: its fields, where it may be used, and rules across its fields.

    Arguments:
        page: Slack's page about it, below https://docs.slack.dev/reference/.
        fields: every field it may have; any other is refused.
        type: what its ``type`` field says; ``None`` if it has none.
        surfaces: where it may be shown.
        rules: checks across fields.
    """

    page: str
    fields: Mapping[str, Field]
    type: str | None = None
    surfaces: frozenset[Surface] = EVERYWHERE
    rules: tuple[Rule, ...] = ()

    def check(self, value: object, walk: Walk) -> None:
        if not isinstance(value, Mapping):
            walk.say("must provide an object")
            return
        before = len(walk.errors)
        self._check_surface(walk)
        self._check_names(value, walk)
        for name, part in self.fields.items():
            if name in value:
                part.kind.check(value[name], walk.at(name))
        if len(walk.errors) == before:
            for rule in self.rules:
                rule(value, walk)

    def _check_surface(self, walk: Walk) -> None:
        if walk.surface not in self.surfaces:
            walk.at("type").say(f"unsupported type: {self.type} is not available in {walk.surface}")

    def _check_names(self, value: Mapping[object, object], walk: Walk) -> None:
        for name, part in self.fields.items():
            if part.required and name not in value:
                walk.say(f"missing required field: {name}")
        for given in value:
            if given not in self.fields and not (given == "type" and self.type is not None):
                walk.say(f"invalid additional property: {shown(str(given))}")


@dataclass(frozen=True)
class OneOf:
    """One of several shapes, told apart by their ``type``.

    Arguments:
        shapes: the shapes allowed here.
        place: how to call this place when a type exists but does not belong here.
        known: types that exist elsewhere, for a better sentence.
    """

    shapes: Mapping[str, Shape]
    place: str = "here"
    known: frozenset[str] = frozenset()

    def check(self, value: object, walk: Walk) -> None:
        if not isinstance(value, Mapping):
            walk.say("must provide an object")
        elif "type" not in value:
            walk.say("missing required field: type")
        else:
            self._check_as(value["type"], value, walk)

    def _check_as(self, kind: object, value: object, walk: Walk) -> None:
        if not isinstance(kind, str):
            walk.at("type").say("must provide a string")
        elif kind in self.shapes:
            self.shapes[kind].check(value, walk)
        elif kind in self.known:
            walk.at("type").say(f"unsupported type: {kind} is not allowed {self.place}")
        else:
            walk.at("type").say(f"unsupported type: {shown(kind)}")


def one_of(shapes: Iterable[Shape], place: str = "here", known: Iterable[Shape] = ()) -> OneOf:
    """A ``OneOf`` from typed shapes."""
    return OneOf(
        {shape.type: shape for shape in shapes if shape.type is not None},
        place,
        frozenset(shape.type for shape in known if shape.type is not None),
    )
