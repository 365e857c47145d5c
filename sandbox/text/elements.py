"""Turn block elements into plain text: labels, choices, typed text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sandbox.text.names import Names, mentioned
from sandbox.text.nodes import ChannelMention, UserMention
from sandbox.text.plain import to_plain
from sandbox.text.rich_text import parse_rich_text

Json = Mapping[str, Any]


class ReadsText(Protocol):
    """The reader's names and text, as elements need them."""

    @property
    def names(self) -> Names:
        """The names that mentions show."""

    def text(self, value: object) -> str:
        """Return a text object as plain text."""


@dataclass(frozen=True)
class Element:
    """An element, and its entry of ``state.values``, if any."""

    spec: Json
    state: Json | None = None

    def get(self, initial: str, entered: str) -> object:
        """Return what was entered, or else the initial value."""
        return self.spec.get(initial) if self.state is None else self.state.get(entered)


def element_text(element: Element, reader: ReadsText) -> str:
    """Return the visible text of an element."""
    kind = str(element.spec.get("type"))
    if kind in READERS:
        return READERS[kind](element, reader)
    chosen = list(_chosen(element, kind.removeprefix("multi_").removesuffix("_select"), reader))
    text = ", ".join(chosen) or reader.text(element.spec.get("placeholder"))
    marker = " ▾" if kind.endswith("_select") else ""
    return f"[{text or '…' if marker else text}{marker}]"


def _chosen(element: Element, kind: str, reader: ReadsText) -> Iterator[str]:
    for suffix in ("", "s"):
        if kind in ("static", "external"):
            names = (f"initial_option{suffix}", f"selected_option{suffix}")
            yield from (reader.text(o.get("text")) for o in _objects(element.get(*names)))
        else:
            name = {"users": "user", "channels": "channel"}.get(kind, "conversation") + suffix
            for item in _strings(element.get(f"initial_{name}", f"selected_{name}")):
                yield _named(item, reader.names)


def _named(item: str, names: Names) -> str:
    if item[:1] in ("C", "G"):
        return mentioned(ChannelMention(item), names)
    return mentioned(UserMention(item), names)


def _button(element: Element, reader: ReadsText) -> str:
    return f"[{reader.text(element.spec.get('text'))}]"


def _feedback(element: Element, reader: ReadsText) -> str:
    buttons = (element.spec.get(name) for name in ("positive_button", "negative_button"))
    return " ".join(f"[{reader.text(b.get('text'))}]" for b in buttons if isinstance(b, Mapping))


def _overflow(element: Element, reader: ReadsText) -> str:
    labels = [reader.text(o.get("text")) for o in _objects(element.spec.get("options"))]
    return f"[⋯ {' | '.join(labels)}]"


def _checkboxes(element: Element, reader: ReadsText) -> str:
    chosen = [o.get("value") for o in _objects(element.get("initial_options", "selected_options"))]
    return _boxes(element, chosen, ("[x]", "[ ]"), reader)


def _radio(element: Element, reader: ReadsText) -> str:
    chosen = [o.get("value") for o in _objects(element.get("initial_option", "selected_option"))]
    return _boxes(element, chosen, ("(•)", "( )"), reader)


def _boxes(element: Element, chosen: list[Any], marks: tuple[str, str], reader: ReadsText) -> str:
    lines = []
    for option in _objects(element.spec.get("options")):
        marker = marks[option.get("value") not in chosen]
        text = f"{marker} {reader.text(option.get('text'))}"
        description = reader.text(option.get("description"))
        lines.append(f"{text} – {description}" if description else text)
    return "\n".join(lines)


def _typed(element: Element, reader: ReadsText) -> str:
    value = element.get("initial_value", "value")
    text = value if isinstance(value, str) else ""
    return f"[{text or reader.text(element.spec.get('placeholder'))}]"


def _rich_text(element: Element, reader: ReadsText) -> str:
    value = element.get("initial_value", "rich_text_value")
    text = to_plain(parse_rich_text(value), reader.names) if isinstance(value, Mapping) else ""
    return f"[{text or reader.text(element.spec.get('placeholder'))}]"


def _picked(initial: str, entered: str) -> Callable[[Element, ReadsText], str]:
    def read(element: Element, reader: ReadsText) -> str:
        value = element.get(initial, entered)
        text = "" if value is None else str(value)
        return f"[{text or reader.text(element.spec.get('placeholder'))}]"

    return read


def _objects(value: object) -> Iterator[Json]:
    if isinstance(value, Mapping):
        yield value
    elif isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Mapping))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, str))


READERS: Final[Mapping[str, Callable[[Element, ReadsText], str]]] = {
    "button": _button,
    "workflow_button": _button,
    "icon_button": _button,
    "feedback_buttons": _feedback,
    "overflow": _overflow,
    "checkboxes": _checkboxes,
    "radio_buttons": _radio,
    "plain_text_input": _typed,
    "email_text_input": _typed,
    "url_text_input": _typed,
    "number_input": _typed,
    "rich_text_input": _rich_text,
    "datepicker": _picked("initial_date", "selected_date"),
    "timepicker": _picked("initial_time", "selected_time"),
    "datetimepicker": _picked("initial_date_time", "selected_date_time"),
    "file_input": lambda *_: "[Upload a file]",
    "image": lambda element, _: f"[image: {element.spec.get('alt_text', '')}]",
}
