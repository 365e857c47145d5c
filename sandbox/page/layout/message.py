"""Render one message: its author, time, text, blocks, attachments and files."""

from sandbox.page.base.avatars import avatar
from sandbox.page.base.formatting import clock_time, full_time, local_time
from sandbox.page.base.html_tags import button, markup, tag
from sandbox.page.base.icons import icon
from sandbox.page.base.reader import Reader
from sandbox.page.base.tab import Tab
from sandbox.page.elements.blocks import render_blocks
from sandbox.page.elements.surface import ActiveSurface
from sandbox.page.layout.inspector import render_inspector
from sandbox.page.layout.warning import render_notice
from sandbox.state.models import Json, Message, MessageRef


def render_message(tab: Tab, reader: Reader, message: Message, *, follows: bool) -> None:
    """Render one message where the page is being built.

    Args:
        tab: the browser tab.
        reader: the tab's user, as a reader of text.
        message: the message.
        follows: whether the author's name is omitted, as in the message before it.
    """
    classes = "message" + (" follows" if follows else "")
    classes += " ephemeral" if message.ephemeral_for else ""
    with tag("article", classes=classes, data_ts=message.ts, aria_label=_label(tab, message)):
        if message.ephemeral_for:
            _only_you(tab, message)
        with tag("div", classes="message-gutter"):
            if follows:
                _time(reader, message, "message-time gutter-time", suffix=False)
            else:
                avatar(tab.slack, message.user, 36)
        with tag("div", classes="message-body"):
            if not follows:
                _byline(tab, reader, message)
            _content(tab, reader, message)
    if message.bot_id and not message.by_slack:
        # Beside the message, as it is no part of what the app has sent.
        render_inspector(tab, reader, message)


def _author(tab: Tab, message: Message) -> str:
    if message.by_slack:
        return "Slackbot"
    if message.user == tab.slack.bot_user_id:
        return tab.workspace.manifest.bot_name
    return tab.name_of(message.user)


def _label(tab: Tab, message: Message) -> str:
    return f"Message from {_author(tab, message)}"


def _only_you(tab: Tab, message: Message) -> None:
    with tag("div", classes="only-you"):
        icon("eye", 14)
        tag("span", "Only visible to you")
        dismiss = button("Dismiss message", "link-button")

    async def dismiss_message() -> None:
        await tab.run(tab.actions.dismiss, tab.me, message.channel, message.ts)

    dismiss.listen("click", dismiss_message)


def _byline(tab: Tab, reader: Reader, message: Message) -> None:
    with tag("div", classes="byline"):
        tag("span", _author(tab, message), "message-name")
        if message.bot_id or message.by_slack:
            tag("span", "APP", "badge")
        account = tab.workspace.account(message.user)
        if account is not None and account.is_outsider:
            tag("span", "External", "badge external")
        _time(reader, message, "message-time", suffix=True)


def _time(reader: Reader, message: Message, classes: str, *, suffix: bool) -> None:
    at = local_time(message.ts, reader.zone)
    tag("time", clock_time(at, suffix=suffix), classes, title=full_time(at, reader.now.date()))


def _content(tab: Tab, reader: Reader, message: Message) -> None:
    if message.thread_ts and message.thread_ts != message.ts:
        tag("div", "replied in a thread", "note")
    if message.blocks:
        _render_blocks(tab, reader, message, message.blocks)
    elif message.text:
        markup(reader.html(message.text), "mrkdwn message-text")
    for attachment in message.payload.get("attachments") or []:
        _attachment(tab, reader, message, attachment)
    for file in message.payload.get("files") or []:
        _file(tab, file)
    if message.edited_ts:
        tag("span", "(edited)", "edited")
    render_notice(message.notices.get(tab.me))


def _render_blocks(tab: Tab, reader: Reader, message: Message, blocks: list[Json]) -> None:
    ref = MessageRef(message.channel, message.ts)
    values = message.inputs.get(tab.me)
    render_blocks(ActiveSurface(tab, ref, reader, blocks, values=values), blocks)


def _file(tab: Tab, file: Json) -> None:
    """Render a file as a card that downloads it; an image is shown."""
    account = tab.workspace.account(tab.me)
    address = f"{file['url_private']}?as={account.name if account else ''}"
    if file["mimetype"] == "image/png":
        with tag("a", classes="file-picture", href=address, target="_blank"):
            tag("img", src=address, alt=str(file["alt_txt"] or file["title"]))
        return
    with tag("a", classes="file", href=address, download=file["name"]):
        icon("file", 24)
        with tag("span", classes="file-text"):
            tag("strong", str(file["title"]))
            tag("span", f"{file['pretty_type']} · {_size(int(file['size']))}", "note")


def _size(size: int) -> str:
    return f"{size:,} bytes" if size < 1024 else f"{size / 1024:,.0f} kB"


def _attachment(tab: Tab, reader: Reader, message: Message, attachment: Json) -> None:
    """Render a secondary attachment: older than blocks, with a bar of colour on its left."""
    colour = {"good": "#2EB67D", "warning": "#ECB22E", "danger": "#E01E5A"}.get(
        str(attachment.get("color", "")), str(attachment.get("color", ""))
    )
    bar = colour if colour.startswith("#") and colour[1:].isalnum() else "#DDDDDD"
    with tag("div", classes="attachment").style(f"border-left-color:{bar}"):
        if attachment.get("title"):
            tag("strong", str(attachment["title"]))
        if attachment.get("text"):
            markup(reader.html(str(attachment["text"])), "mrkdwn")
        if attachment.get("blocks"):
            _render_blocks(tab, reader, message, attachment["blocks"])
