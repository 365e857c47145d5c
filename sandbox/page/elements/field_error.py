"""The app's words under one input of a modal."""

from nicegui.element import Element

from sandbox.page.base.html_tags import tag
from sandbox.page.base.icons import icon


class InputError:
    """What is wrong with one input; it comes and goes without the input being drawn anew.

    Args:
        body: what holds the input; it shows that something is wrong.
        place: the empty element under it, for the words.
    """

    def __init__(self, body: Element, place: Element) -> None:
        self._body = body
        self._place = place
        self._shown: str | None = None

    def show(self, words: str | None) -> None:
        """Show the words; None takes away what was there."""
        if words == self._shown:
            return
        self._shown = words
        self._place.clear()
        self._body.classes(remove="has-error")
        if words:
            self._body.classes(add="has-error")
            with self._place, tag("div", classes="input-error", role="alert"):
                icon("warning", 16)
                tag("span", words)
