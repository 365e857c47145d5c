"""The confirm dialog of buttons and menus."""

from nicegui import ui

from sandbox.page.base.html_tags import button, markup, tag
from sandbox.page.base.reader import Reader
from sandbox.state.models import Json


async def ask(reader: Reader, confirm: Json) -> bool:
    """Show a confirm dialog (Slack's `confirm` object) and wait for the answer.

    Returns:
        True if the user confirmed; False if they declined or closed the dialog.
    """
    title = reader.plain(confirm.get("title")) or "Are you sure?"
    with ui.context.client.content, ui.dialog() as dialog, tag("div", classes="modal confirm"):
        dialog.props["aria-label"] = title
        dialog.props["transition-duration"] = 80
        tag("h2", title, "modal-title confirm-title")
        markup(reader.html_of(confirm.get("text") or {"type": "plain_text", "text": ""}), "mrkdwn")
        with tag("div", classes="modal-actions"):
            deny = button(reader.plain(confirm.get("deny")) or "Cancel", "btn btn-large")
            style = "danger" if confirm.get("style") == "danger" else "primary"
            yes = button(reader.plain(confirm.get("confirm")) or "Yes", f"btn btn-large {style}")
            yes.props["data-autofocus"] = True
        deny.listen("click", lambda: dialog.submit(False))
        yes.listen("click", lambda: dialog.submit(True))
    try:
        return bool(await dialog)
    finally:
        if not dialog.is_deleted:
            dialog.delete()
