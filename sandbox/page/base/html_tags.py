"""Plain HTML elements for the page.

NiceGUI's widgets bring Quasar's look; a page that should look like Slack is better made of plain
elements and a style sheet. Text is always text, never HTML.
"""

from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from sandbox.page.base.listeners import LateEvents


class Tag(LateEvents, TextElement):
    """A plain HTML element with text, attributes and perhaps children."""


def tag(name: str, text: str = "", classes: str = "", **attributes: Any) -> Tag:
    """Add a plain element where the page is being built.

    Args:
        name: the element's name, such as ``button``.
        text: its text; never parsed as HTML.
        classes: CSS classes, separated by spaces.
        attributes: further attributes; ``data_ts`` becomes ``data-ts``, ``for_`` becomes ``for``.
            None leaves the attribute out.
    """
    made = Tag(tag=name, text=text)
    if classes:
        made.classes(classes)
    put_attributes(made, **attributes)
    return made


def put_attributes(element: Element, **attributes: Any) -> None:
    """Set attributes of `element`; names as in `tag`, None removes the attribute."""
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is None:
            element.props.pop(name, None)
        else:
            element.props[name] = value


def button(text: str, classes: str = "", **attributes: Any) -> Tag:
    """Add a button that submits no form."""
    return tag("button", text, classes, type="button", **attributes)


def markup(content: str, classes: str = "", name: str = "div") -> ui.html:
    """Add HTML made by `sandbox.text`, which has escaped all input.

    Args:
        content: the HTML; never text from users or apps.
        classes: CSS classes.
        name: the element around it.
    """
    made = ui.html(content, sanitize=False, tag=name)
    if classes:
        made.classes(classes)
    return made
