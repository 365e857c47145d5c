"""Render inputs for text, numbers, dates and times."""

from collections.abc import Callable
from datetime import datetime

from nicegui.events import GenericEventArguments

from sandbox.page.base.html_tags import Tag, tag
from sandbox.page.elements.surface import ActiveSurface
from sandbox.state.models import Json

_INPUT_TYPES = {"email_text_input": "email", "url_text_input": "url"}
_TYPED = "(e) => emit(e.target.value)"
_ENTER = (
    "(e) => { if (e.key === 'Enter' && !e.isComposing)"
    " { e.preventDefault(); emit(e.target.value) } }"
)


def _field(
    surface: ActiveSurface, element: Json, label: str | None, name: str, initial: str
) -> Tag:
    """Add a field with its label for screen readers; `initial` is its first value."""
    placeholder = surface.reader.plain(element.get("placeholder"))
    made = tag(
        name,
        classes="field",
        aria_label=label or placeholder or element.get("action_id"),
        placeholder=placeholder or None,
        data_action_id=element.get("action_id"),
        autocomplete="off",
    )
    if initial:
        made.props[".defaultValue"] = initial
    if element.get("focus_on_load"):
        made.props["data-autofocus"] = True
    return made


def text_field(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render a text input; it stores each change, and dispatches when the app asks for it."""
    multiline = bool(element.get("multiline")) or element["type"] == "rich_text_input"
    stored = surface.value(block_id, element.get("action_id", ""))
    initial = _text_of(stored) if stored else element.get("initial_value")
    made = _field(surface, element, label, "textarea" if multiline else "input", initial or "")
    if not multiline:
        made.props["type"] = _INPUT_TYPES.get(element["type"], "text")
    _limit_length(made, element)
    action_id = element.get("action_id", "")
    config = element.get("dispatch_action_config", {}).get("trigger_actions_on")
    triggers = config if config is not None else ["on_enter_pressed"]

    def value_of(text: str) -> Json:
        return _text_value(element["type"], text)

    async def typed(event: GenericEventArguments) -> None:
        text = str(event.args)
        surface.enter(block_id, action_id, value_of(text))
        if surface.dispatches(block_id) and "on_character_entered" in triggers:
            await surface.act(block_id, action_id, value_of(text))

    async def entered(event: GenericEventArguments) -> None:
        text = str(event.args)
        surface.enter(block_id, action_id, value_of(text))
        if surface.dispatches(block_id) and "on_enter_pressed" in triggers:
            await surface.act(block_id, action_id, value_of(text))
        elif surface.in_view:
            await surface.tab.submit()

    made.listen("input", typed, _TYPED)
    if not multiline:
        made.listen("keydown", entered, _ENTER)


def _text_value(kind: str, text: str) -> Json:
    if kind != "rich_text_input":
        return {"type": kind, "value": text or None}
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    rich = {"type": "rich_text", "elements": [section]} if text else None
    return {"type": kind, "rich_text_value": rich}


def _text_of(stored: Json) -> str | None:
    """Return the text of a stored value; that of rich text without formatting."""
    if stored.get("type") != "rich_text_input":
        return stored.get("value")
    texts = [
        leaf.get("text", "")
        for section in (stored.get("rich_text_value") or {}).get("elements", [])
        for leaf in section.get("elements", [])
    ]
    return "".join(texts)


def _limit_length(made: Tag, element: Json) -> None:
    """Stop typing at `max_length`; Slack checks `min_length` only at the submission."""
    if element.get("max_length"):
        made.props["maxlength"] = element["max_length"]


def number_field(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render a number input; Slack's value is a text."""
    stored = surface.value(block_id, element.get("action_id", ""))
    initial = stored.get("value", element.get("initial_value"))
    made = _field(surface, element, label, "input", initial or "")
    made.props["inputmode"] = "decimal" if element.get("is_decimal_allowed") else "numeric"
    action_id = element.get("action_id", "")

    def typed(event: GenericEventArguments) -> None:
        surface.enter(
            block_id, action_id, {"type": "number_input", "value": str(event.args) or None}
        )

    async def entered(event: GenericEventArguments) -> None:
        value: Json = {"type": "number_input", "value": str(event.args) or None}
        surface.enter(block_id, action_id, value)
        if surface.dispatches(block_id):
            await surface.act(block_id, action_id, value)

    made.listen("input", typed, _TYPED)
    made.listen("keydown", entered, _ENTER)


def date_field(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render a date input, ``YYYY-MM-DD``."""
    initial = _stored(surface, block_id, element, "date")
    _picked(
        surface, block_id, element, _field(surface, element, label, "input", initial), "date", str
    )


def time_field(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render a time input, ``HH:MM``."""
    initial = _stored(surface, block_id, element, "time")
    _picked(
        surface, block_id, element, _field(surface, element, label, "input", initial), "time", str
    )


def datetime_field(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render a date and time input, in the reader's zone; Slack's value is seconds since 1970."""
    stored = _stored(surface, block_id, element, "date_time")
    zone = surface.reader.zone
    initial = f"{datetime.fromtimestamp(int(stored), zone):%Y-%m-%dT%H:%M}" if stored else ""

    def seconds(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())

    made = _field(surface, element, label, "input", initial)
    _picked(surface, block_id, element, made, "date_time", seconds)


def _stored(surface: ActiveSurface, block_id: str, element: Json, kind: str) -> str:
    """Return a picker's value: what was chosen, else the initial value."""
    stored = surface.value(block_id, element.get("action_id", ""))
    return str(stored.get(f"selected_{kind}", element.get(f"initial_{kind}")) or "")


def _picked(
    surface: ActiveSurface,
    block_id: str,
    element: Json,
    made: Tag,
    kind: str,
    read: Callable[[str], str | int],
) -> None:
    made.props["type"] = "datetime-local" if kind == "date_time" else kind
    made.classes("field-picked")

    async def change(event: GenericEventArguments) -> None:
        text = str(event.args)
        chosen = read(text) if text else None
        await surface.choose(
            block_id, element, {"type": element["type"], f"selected_{kind}": chosen}
        )

    made.listen("change", change, _TYPED)
