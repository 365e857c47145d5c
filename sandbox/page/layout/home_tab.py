"""The app's Home."""

from nicegui.element import Element

from sandbox.page.base.component import Component
from sandbox.page.base.html_tags import tag
from sandbox.page.base.tab import HOME, Tab
from sandbox.page.elements.blocks import render_blocks
from sandbox.page.elements.surface import ActiveSurface
from sandbox.page.layout.warning import render_notice
from sandbox.state.models import View


class HomeTab(Component):
    """The Home that the app published for the tab's user."""

    def __init__(self, tab: Tab, container: Element) -> None:
        self._view: View | None = None
        super().__init__(tab, container)

    def render_key(self) -> object:
        here = self.tab.location == HOME
        self.container.set_visibility(here)
        view = self._view = self.tab.workspace.home_of(self.tab.me) if here else None
        today = self.tab.reader.now.date()
        return self.tab.me, here, today, (view.id, view.hash, view.notice) if view else None

    def render(self) -> None:
        if self.tab.location != HOME:
            return
        view = self._view
        if view is None:
            name = self.tab.workspace.manifest.bot_name
            tag("p", f"{name} has nothing to show here yet.", "empty-home")
            return
        surface = ActiveSurface.of_view(self.tab, view)
        with tag("div", classes="home-blocks"):
            render_notice(view.notice)
            render_blocks(surface, view.blocks)
