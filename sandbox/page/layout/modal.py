"""The modal: the topmost view of the user's stack."""

from nicegui import ui
from nicegui.element import Element

from sandbox.page.base.avatars import avatar
from sandbox.page.base.component import Component
from sandbox.page.base.html_tags import Tag, button, tag
from sandbox.page.base.icons import icon
from sandbox.page.base.tab import Tab
from sandbox.page.elements.blocks import render_blocks
from sandbox.page.elements.elements import put_busy
from sandbox.page.elements.surface import ActiveSurface
from sandbox.page.layout.warning import render_notice
from sandbox.state.models import View


class Modal(Component):
    """A dialog that is open while the user has a view on their stack.

    It renders again only when the app changes the view. Errors, Slack's warning and the wait for an
    answer are updated in place, because the user may be typing.
    """

    def __init__(self, tab: Tab) -> None:
        self._dialog = ui.dialog().props("persistent no-shake transition-duration=80")
        with self._dialog:
            container = tag("div", classes="modal")
        container.listen("keydown.esc", self._close, "() => practiceSlack.noMenu() && emit()")
        self._view: View | None = None
        self._surface: ActiveSurface | None = None
        self._notice: Element | None = None
        self._notice_text: str | None = None
        self._submit: Tag | None = None
        super().__init__(tab, container)

    def render_key(self) -> object:
        return self.tab.me, (self._view.id, self._view.hash) if self._view else None

    def update(self) -> None:
        views = self.tab.workspace.modals_of(self.tab.me)
        self._view = views[-1] if views else None
        super().update()
        if self._view is not None:
            self._update_parts(self._view)
        self._dialog.value = self._view is not None

    def render(self) -> None:
        view = self._view
        if view is None:
            return
        title = self.tab.reader.plain(view.body.get("title"))
        self._dialog.props["aria-label"] = title
        self._head(title)
        self._surface = ActiveSurface.of_view(self.tab, view)
        with tag("div", classes="modal-content", tabindex="-1"):
            self._notice, self._notice_text = tag("div"), None
            render_blocks(self._surface, view.blocks)
        self._foot(view)

    def _update_parts(self, view: View) -> None:
        """Update errors, warning and submit button in place."""
        if self._surface is not None:
            self._surface.show_errors(view.errors)
        if self._notice is not None and view.notice != self._notice_text:
            self._notice_text = view.notice
            self._notice.clear()
            with self._notice:
                render_notice(view.notice)
        if self._submit is not None:
            put_busy(self._submit, busy=view.waiting)

    def _head(self, title: str) -> None:
        with tag("div", classes="modal-head"):
            avatar(self.tab.slack, self.tab.slack.bot_user_id, 28)
            tag("h2", title, "modal-title")
            cross = button("", "btn-plain", aria_label="Close window")
            with cross:
                icon("close")
        cross.listen("click", self._close_everything)

    def _foot(self, view: View) -> None:
        submit = self.tab.reader.plain(view.body.get("submit"))
        close = self.tab.reader.plain(view.body.get("close")) or ("Cancel" if submit else "Close")
        self._submit = None
        with tag("div", classes="modal-actions"):
            button(close, "btn btn-large").listen("click", self._close)
            if submit:
                self._submit = button(submit, "btn btn-large primary")
                self._submit.listen("click", self.tab.submit)

    async def _close(self) -> None:
        await self.tab.run(self.tab.actions.close, self.tab.me)

    async def _close_everything(self) -> None:
        await self.tab.run(self.tab.actions.close, self.tab.me, everything=True)
