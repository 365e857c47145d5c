"""A region of the page that renders again only when what it shows has changed."""

from nicegui.element import Element

from sandbox.page.base.tab import Tab


class Component:
    """One region of the page.

    Rendering again loses the focus and typed text, so a component compares its `render_key` first:
    everything that its content depends on.

    Args:
        tab: the browser tab it is in.
        container: the element that it fills.
    """

    def __init__(self, tab: Tab, container: Element) -> None:
        self.tab = tab
        self.container = container
        self._render_key: object = None
        tab.components.append(self)

    def render_key(self) -> object:
        """Return what the content depends on, to compare with the last one."""
        raise NotImplementedError

    def render(self) -> None:
        """Render the content, inside the emptied container."""
        raise NotImplementedError

    def invalidate(self) -> None:
        """Make the next update render in any case."""
        self._render_key = None

    def update(self) -> None:
        """Render again if the render key has changed."""
        key = self.render_key()
        if key == self._render_key:
            return
        self._render_key = key
        self.container.clear()
        with self.container:
            self.render()
