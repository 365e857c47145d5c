"""A part of the page that draws itself anew when, and only when, what it shows has changed."""

from typing import TYPE_CHECKING

from nicegui.element import Element

if TYPE_CHECKING:
    from sandbox.page.base.tab import Tab


class Component:
    """One part of the page.

    Drawing anew takes away the focus and whatever was typed, so a part compares first: `mark` is
    everything that its drawing depends on.

    Args:
        tab: the browser tab it is in.
        holder: the element that it fills.
    """

    def __init__(self, tab: "Tab", holder: Element) -> None:
        self.tab = tab
        self.holder = holder
        self._mark: object = None
        tab.parts.append(self)

    def mark(self) -> object:
        """What the drawing depends on; compared with what it was."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw it, inside the emptied holder."""
        raise NotImplementedError

    def forget(self) -> None:
        """Have the next update draw in any case."""
        self._mark = None

    def update(self) -> None:
        """Draw anew if something has changed."""
        mark = self.mark()
        if mark == self._mark:
            return
        self._mark = mark
        self.holder.clear()
        with self.holder:
            self.draw()
