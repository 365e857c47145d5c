"""The inspector of a message: what a phone shows of it, and what a screen reader reads."""

from nicegui import ui

from sandbox.page.base.html_tags import button, tag
from sandbox.page.base.icons import icon
from sandbox.page.base.reader import Reader
from sandbox.page.base.tab import Tab
from sandbox.state.models import Message
from sandbox.text import Notification, notification_of

_TITLE = "What a notification shows"


def render_inspector(tab: Tab, reader: Reader, message: Message) -> None:
    """Render the button that opens the inspector of a message from the app."""
    opener = button("", "message-inspect", aria_label=_TITLE, title=_TITLE)
    with opener:
        icon("phone", 16)

    async def inspect() -> None:
        content = {"text": message.text, "blocks": message.blocks, **message.payload}
        found = notification_of(content, reader.names, reader.now, reader.zone)
        await _show(tab, message, found)

    opener.listen("click", inspect)


async def _show(tab: Tab, message: Message, found: Notification) -> None:
    with ui.context.client.content, ui.dialog() as dialog, tag("div", classes="modal inspector"):
        dialog.props["aria-label"] = _TITLE
        dialog.props["transition-duration"] = 80
        tag("h2", _TITLE, "modal-title confirm-title")
        with tag("div", classes="modal-content"):
            _phone(tab.workspace.manifest.bot_name, found.phone)
            _line("On a desktop", found.desktop, "The blocks; the text if there are none.")
            _line("By a screen reader", found.screen_reader, "The text, and not the blocks.")
            if message.ephemeral_for is not None:
                tag("p", "A message that only you can see notifies nobody.", "note")
            elif message.revision > 1 or message.edited_ts:
                tag("p", "This message was edited. An edit notifies nobody.", "note")
        with tag("div", classes="modal-actions"):
            close = button("Close", "btn btn-large", data_autofocus=True)
        close.listen("click", lambda: dialog.submit(None))
    try:
        await dialog
    finally:
        if not dialog.is_deleted:
            dialog.delete()


def _phone(app: str, text: str) -> None:
    tag("h3", "On a phone's lock screen", "inspector-title")
    with tag("div", classes="lock-screen"):
        tag("strong", app)
        if text:
            tag("span", text)
        else:
            tag("span", "Nothing: the message has no text.", "note")
    tag("p", "The text alone, without formatting.", "note")


def _line(title: str, text: str, note: str) -> None:
    tag("h3", title, "inspector-title")
    tag("div", text or "Nothing.", "inspector-text")
    tag("p", note, "note")
