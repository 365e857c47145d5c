"""The modal window: the topmost view of the acting person's stack."""

from nicegui import ui

from sandbox.model import View, ViewRef
from sandbox.page.blocks import draw_blocks
from sandbox.page.faces import face
from sandbox.page.icons import icon
from sandbox.page.notice import draw_notice
from sandbox.page.part import Part
from sandbox.page.stage import Stage
from sandbox.page.tab import Tab
from sandbox.page.tags import button, tag


class Modal(Part):
    """A dialog that is open while the person has a view on their stack."""

    def __init__(self, tab: Tab) -> None:
        self._dialog = ui.dialog().props("persistent no-shake transition-duration=80")
        with self._dialog:
            holder = tag("div", classes="modal")
        holder.on("keydown.esc", self._close, js_handler="() => practiceSlack.noMenu() && emit()")
        super().__init__(tab, holder)

    def _top(self) -> View | None:
        views = self.tab.workspace.modals_of(self.tab.me)
        return views[-1] if views else None

    def mark(self) -> object:
        view = self._top()
        if view is None:
            return self.tab.me, None
        errors = tuple(sorted(view.errors.items()))
        return self.tab.me, view.id, view.hash, errors, view.notice, view.waiting

    def update(self) -> None:
        super().update()
        self._dialog.value = self._top() is not None

    def draw(self) -> None:
        view = self._top()
        if view is None:
            return
        title = self.tab.reader.plain(view.body.get("title"))
        self._dialog.props["aria-label"] = title
        self._head(title)
        with tag("div", classes="modal-content", tabindex="-1"):
            draw_notice(view.notice)
            draw_blocks(self._stage(view), view.blocks)
        self._foot(view)

    def _stage(self, view: View) -> Stage:
        return Stage(
            self.tab,
            ViewRef(view.id),
            self.tab.reader,
            view.blocks,
            values=view.values,
            errors=view.errors,
            in_view=True,
        )

    def _head(self, title: str) -> None:
        with tag("div", classes="modal-head"):
            face(self.tab.slack, self.tab.slack.bot_user_id, 28)
            tag("h2", title, "modal-title")
            cross = button("", "btn-plain", aria_label="Close window")
            with cross:
                icon("close")
        cross.on("click", self._close_everything, [])

    def _foot(self, view: View) -> None:
        submit = self.tab.reader.plain(view.body.get("submit"))
        close = self.tab.reader.plain(view.body.get("close")) or ("Cancel" if submit else "Close")
        with tag("div", classes="modal-actions"):
            button(close, "btn btn-large").on("click", self._close, [])
            if submit:
                self._submit_button(submit, waiting=view.waiting)

    def _submit_button(self, words: str, *, waiting: bool) -> None:
        made = button(words, "btn btn-large primary" + (" busy" if waiting else ""))
        if waiting:
            made.props["disabled"] = True
            made.props["aria-busy"] = "true"
        made.on("click", self.tab.submit, [])

    async def _close(self) -> None:
        await self.tab.do(self.tab.hands.close, self.tab.me)

    async def _close_everything(self) -> None:
        await self.tab.do(self.tab.hands.close, self.tab.me, everything=True)
