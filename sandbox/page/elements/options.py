"""Render checkboxes and radio buttons."""

from nicegui.events import GenericEventArguments

from sandbox.page.base.html_tags import Tag, markup, tag
from sandbox.page.elements.surface import ActiveSurface
from sandbox.state.models import Json


def checkboxes(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render a group of checkboxes; each click is an action where the block dispatches."""
    action_id = element.get("action_id", "")
    options: list[Json] = element.get("options", [])
    stored = surface.value(block_id, action_id).get("selected_options")
    checked: list[Json] = element.get("initial_options", []) if stored is None else stored
    chosen = [o.get("value") for o in checked]
    with tag("div", classes="options", role="group", aria_label=label or "Choices") as group:
        group.props["data-action-id"] = action_id

        async def change(event: GenericEventArguments) -> None:
            key, checked = event.args
            if checked and key not in chosen:
                chosen.append(key)
            elif not checked and key in chosen:
                chosen.remove(key)
            picked = [o for o in options if o.get("value") in chosen]
            value: Json = {"type": "checkboxes", "selected_options": picked}
            await surface.choose(block_id, element, value)

        for option in options:
            box = _option(surface, option, "checkbox", checked=option.get("value") in chosen)
            box.listen("change", change, "(e) => emit(e.target.value, e.target.checked)")


def radio_buttons(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render a group of radio buttons."""
    action_id = element.get("action_id", "")
    options: list[Json] = element.get("options", [])
    stored = surface.value(block_id, action_id)
    current = stored.get("selected_option", element.get("initial_option")) or {}
    with tag("div", classes="options", role="radiogroup", aria_label=label or "Choices") as group:
        group.props["data-action-id"] = action_id

        async def change(event: GenericEventArguments) -> None:
            picked = next(o for o in options if o.get("value") == event.args)
            value: Json = {"type": "radio_buttons", "selected_option": picked}
            await surface.choose(block_id, element, value)

        for option in options:
            checked = option.get("value") == current.get("value")
            dot = _option(surface, option, "radio", checked=checked)
            dot.props["name"] = f"{group.html_id}-{action_id}"
            dot.listen("change", change, "(e) => emit(e.target.value)")


def _option(surface: ActiveSurface, option: Json, kind: str, *, checked: bool) -> Tag:
    """Render one option; the whole line is its label, so that it can be pressed anywhere."""
    with tag("label", classes="option"):
        box = tag("input", type=kind, value=option.get("value", ""))
        if checked:
            box.props[".defaultChecked"] = True
        with tag("span", classes="option-text"):
            markup(surface.reader.html_of(option.get("text", {})), "mrkdwn", "span")
            if option.get("description"):
                markup(surface.reader.html_of(option["description"]), "mrkdwn note", "span")
    return box
