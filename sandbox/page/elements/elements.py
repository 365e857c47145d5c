"""Render Block Kit's elements: buttons, overflow menus and images here, the rest by kind."""

from collections.abc import Callable

from nicegui import ui

from sandbox.page.base.html_tags import button, markup, tag
from sandbox.page.base.icons import icon
from sandbox.page.elements.fields import (
    date_field,
    datetime_field,
    number_field,
    text_field,
    time_field,
)
from sandbox.page.elements.options import checkboxes, radio_buttons
from sandbox.page.elements.select_menus import select
from sandbox.page.elements.surface import ActiveSurface
from sandbox.state.models import Json

Render = Callable[[ActiveSurface, str, Json, str | None], None]
"""Renders one element, given the surface, the block's id, the element, and the input's label."""


def render_element(
    surface: ActiveSurface, block_id: str, element: Json, label: str | None = None
) -> None:
    """Render one element where the page is being built.

    Args:
        surface: the message or view it is on.
        block_id: the block it is in.
        element: the element, as the app sent it.
        label: the label of the input block around it; None elsewhere.
    """
    _ELEMENTS.get(element.get("type", ""), _unknown)(surface, block_id, element, label)


def _button(surface: ActiveSurface, block_id: str, element: Json, _label: str | None) -> None:
    text = surface.reader.plain(element.get("text"))
    style = element.get("style", "")
    action_id = element.get("action_id", "")
    url = element.get("url")
    made = button(
        text,
        f"btn {style}".strip(),
        aria_label=element.get("accessibility_label"),
        data_action_id=action_id,
    )
    value: Json = {"type": "button", "value": element.get("value")}

    async def press() -> None:
        if not await surface.confirmed(element.get("confirm")):
            return
        put_busy(made, busy=True)
        try:
            await surface.act(block_id, action_id, value)
        finally:
            put_busy(made, busy=False)
        if url:
            ui.navigate.to(url, new_tab=True)

    made.listen("click", press)


def put_busy(made: ui.element, *, busy: bool) -> None:
    """Show that an element waits for the app, and disable it meanwhile."""
    if made.is_deleted:
        return
    if busy:
        made.classes(add="busy").props["aria-busy"] = "true"
        made.props["disabled"] = True
    else:
        made.classes(remove="busy").props.pop("aria-busy", None)
        made.props.pop("disabled", None)


def _overflow(surface: ActiveSurface, block_id: str, element: Json, _label: str | None) -> None:
    action_id = element.get("action_id", "")
    opener = button(
        "",
        "btn btn-icon",
        aria_label="More actions",
        aria_haspopup="menu",
        data_action_id=action_id,
    )
    with opener:
        icon("dots")
        with ui.menu().classes("menu").props("auto-close role=menu transition-duration=60") as menu:
            for option in element.get("options", []):
                _overflow_item(surface, block_id, element, option)
    menu.props["anchor"] = "bottom right"
    menu.props["self"] = "top right"


def _overflow_item(surface: ActiveSurface, block_id: str, element: Json, option: Json) -> None:
    item = button("", "menu-item", role="menuitem")
    with item:
        tag("span", surface.reader.plain(option.get("text")))
        if option.get("description"):
            tag("small", surface.reader.plain(option["description"]), "note")

    async def choose() -> None:
        value: Json = {"type": "overflow", "selected_option": option}
        if not await surface.confirmed(element.get("confirm")):
            return
        await surface.act(block_id, element.get("action_id", ""), value)
        if option.get("url"):
            ui.navigate.to(option["url"], new_tab=True)

    item.listen("click", choose)


def _image(_surface: ActiveSurface, _block_id: str, element: Json, _label: str | None) -> None:
    render_image(element, "accessory-image")


def render_image(image: Json, classes: str) -> None:
    """Render an image from the app, or its alternative text where the page cannot show it.

    Only images inside the message (``data:``) or on this machine are loaded, because the page
    makes no request to other machines.
    """
    url = str(image.get("image_url", ""))
    text = str(image.get("alt_text", ""))
    if url.startswith(("data:image/", "/", "http://127.0.0.1", "http://localhost")):
        tag("img", classes=classes, src=url, alt=text)
    else:
        tag("span", text, f"{classes} image-stand-in", role="img", aria_label=text, title=url)


def _unknown(_surface: ActiveSurface, _block_id: str, element: Json, _label: str | None) -> None:
    kind = element.get("type", "?")
    tag("span", f"The practice Slack cannot show “{kind}”.", "note", data_unknown=kind)


def _icon_button(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    text = surface.reader.plain(element.get("text"))
    _button(surface, block_id, element | {"text": {"type": "plain_text", "text": text}}, label)


def _feedback_buttons(
    surface: ActiveSurface, block_id: str, element: Json, label: str | None
) -> None:
    for side in ("positive_button", "negative_button"):
        feedback: Json = element.get(side, {})
        _button(surface, block_id, feedback | {"action_id": element.get("action_id", "")}, label)


def _mrkdwn(surface: ActiveSurface, _block_id: str, element: Json, _label: str | None) -> None:
    markup(surface.reader.html_of(element), "mrkdwn", "span")


_ELEMENTS: dict[str, Render] = {
    "button": _button,
    "workflow_button": _button,
    "icon_button": _icon_button,
    "feedback_buttons": _feedback_buttons,
    "overflow": _overflow,
    "image": _image,
    "mrkdwn": _mrkdwn,
    "plain_text": _mrkdwn,
    "checkboxes": checkboxes,
    "radio_buttons": radio_buttons,
    "plain_text_input": text_field,
    "email_text_input": text_field,
    "url_text_input": text_field,
    "rich_text_input": text_field,
    "number_input": number_field,
    "datepicker": date_field,
    "timepicker": time_field,
    "datetimepicker": datetime_field,
    **{
        f"{many}{kind}_select": select
        for many in ("", "multi_")
        for kind in ("static", "external", "users", "channels", "conversations")
    },
}
