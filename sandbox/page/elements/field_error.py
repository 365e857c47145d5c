"""The error under one input of a modal."""

from nicegui.element import Element

from sandbox.page.base.html_tags import tag
from sandbox.page.base.icons import icon


class FieldError:
    """The error of one input, which can appear and disappear without rendering the input again.

    Args:
        body: the element around the input, which gets a class while there is an error.
        slot: the empty element under it, for the message.
    """

    def __init__(self, body: Element, slot: Element) -> None:
        self._body = body
        self._slot = slot
        self._message: str | None = None

    def show(self, message: str | None) -> None:
        """Show an error message; None removes it."""
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
