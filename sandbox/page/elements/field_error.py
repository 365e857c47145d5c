"""The app's words under one input of a modal."""

from nicegui.element import Element

from sandbox.page.base.html_tags import tag
from sandbox.page.base.icons import icon


class FieldError:
    """What is wrong with one input; it comes and goes without the input being drawn anew.

    Args:
        body: what holds the input; it shows that something is wrong.
        place: the empty element under it, for the words.
    """

    def __init__(self, body: Element, slot: Element) -> None:
        self._body = body
        self._slot = slot
        self._message: str | None = None

    def show(self, message: str | None) -> None:
        """Show the words; None takes away what was there."""
        if message == self._message:
            return
        self._message = message
        self._slot.clear()
        self._body.classes(remove="has-error")
        if message:
            self._body.classes(add="has-error")
            with self._slot, tag("div", classes="input-error", role="alert"):
                icon("warning", 16)
                tag("span", message)
