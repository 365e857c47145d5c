"""A part of the page that draws itself anew when, and only when, what it shows has changed."""

from nicegui.element import Element

from sandbox.page.base.tab import Tab


class Component:
    """One part of the page.

    Drawing anew takes away the focus and whatever was typed, so a part compares first: `mark` is
    everything that its drawing depends on.

    Args:
        tab: the browser tab it is in.
        holder: the element that it fills.
    """

    def __init__(self, tab: Tab, container: Element) -> None:
        self.tab = tab
        self.container = container
        self._render_key: object = None
        tab.components.append(self)

    def render_key(self) -> object:
        """What the drawing depends on; compared with what it was."""
        raise NotImplementedError

    def render(self) -> None:
        """Draw it, inside the emptied holder."""
        raise NotImplementedError

    def invalidate(self) -> None:
        """Have the next update draw in any case."""
        self._render_key = None

    def update(self) -> None:
        """Draw anew if something has changed."""
        key = self.render_key()
        if key == self._render_key:
            return
        self._render_key = key
        self.container.clear()
        with self.container:
            self.render()
