"""The list of messages and days; each message is rendered again only when it changes."""

from dataclasses import dataclass
from datetime import date, datetime

from nicegui.element import Element

from sandbox.page.base.component import Component
from sandbox.page.base.formatting import day_name, local_time
from sandbox.page.base.html_tags import button, tag
from sandbox.page.base.reader import Reader
from sandbox.page.base.tab import HOME, Tab
from sandbox.page.layout.message import render_message
from sandbox.state.models import Message

_STEP = 100
"""The number of messages shown at first, and added each time the user asks for earlier ones."""

_GROUP = 300.0
"""Seconds within which messages of one author share one name."""


@dataclass(frozen=True)
class MessageLine:
    """One line of the list: a day, a message, or the button for `earlier` messages.

    `render_key` is what its content depends on.
    """

    key: str
    render_key: str
    message: Message | None = None
    day: date | None = None
    follows: bool = False
    earlier: int = 0


class MessageList(Component):
    """The messages that the tab's user sees in the open channel, oldest first."""

    def __init__(self, tab: Tab, container: Element) -> None:
        super().__init__(tab, container)
        self._rendered: dict[str, tuple[str, Element]] = {}
        self._limit = _STEP

    def render_key(self) -> object:
        return self.tab.me, self.tab.location

    def invalidate(self) -> None:
        super().invalidate()
        self._rendered.clear()

    def render(self) -> None:
        self._rendered.clear()
        self._limit = _STEP

    def update(self) -> None:
        """Render new and changed messages, and remove deleted ones."""
        super().update()
        self.container.set_visibility(self.tab.location != HOME)
        if self.tab.location == HOME:
            return
        reader = self.tab.reader
        lines = self._lines(reader)
        wanted = {line.key: line for line in lines}
        for key in [
            k for k, (render_key, _) in self._rendered.items() if _stale(wanted.get(k), render_key)
        ]:
            self._rendered.pop(key)[1].delete()
        for position, line in enumerate(lines):
            if line.key not in self._rendered:
                self._render_line(line, position, reader)

    def _render_line(self, line: MessageLine, position: int, reader: Reader) -> None:
        with self.container:
            made = tag("div", classes="line")
        if position < len(self._rendered):
            made.move(target_index=position)
        with made:
            if line.message is not None:
                render_message(self.tab, reader, line.message, follows=line.follows)
            elif line.day is not None:
                with tag("div", classes="day", role="separator"):
                    tag("span", day_name(line.day, reader.now.date()))
            else:
                label = f"Show earlier messages ({line.earlier})"
                button(label, "link-button earlier").listen("click", self._show_earlier)
        self._rendered[line.key] = (line.render_key, made)

    def _show_earlier(self) -> None:
        self._limit += _STEP
        self.update()

    def _lines(self, reader: Reader) -> list[MessageLine]:
        everything = self.tab.workspace.messages_for(self.tab.me, self.tab.location)
        messages = everything[-self._limit :]
        names = repr(self.tab.workspace.names())
        lines: list[MessageLine] = []
        if earlier := len(everything) - len(messages):
            lines.append(MessageLine("earlier", str(earlier), earlier=earlier))
        previous: Message | None = None
        for message in messages:
            at = local_time(message.ts, reader.zone)
            if previous is None or local_time(previous.ts, reader.zone).date() != at.date():
                lines.append(_day_line(at, reader))
                previous = None
            follows = previous is not None and _is_grouped(previous, message)
            content = repr(_content_of(message, self.tab.me))
            # "Yesterday" is another day tomorrow.
            today = reader.now.date() if "_pretty}" in content else None
            render_key = repr((content, follows, names, today))
            lines.append(MessageLine(message.ts, render_key, message=message, follows=follows))
            previous = message
        return lines


def _content_of(message: Message, user: str) -> tuple[object, ...]:
    """Return what the content of a message depends on, which excludes entered values."""
    return (
        message.revision,
        message.text,
        message.blocks,
        message.edited_ts,
        message.payload.get("attachments"),
        message.notices.get(user),
    )


def _stale(line: MessageLine | None, render_key: str) -> bool:
    return line is None or line.render_key != render_key


def _day_line(at: datetime, reader: Reader) -> MessageLine:
    day = at.date()
    return MessageLine(f"day-{day}", day_name(day, reader.now.date()), day=day)


def _is_grouped(previous: Message, message: Message) -> bool:
    """Return whether a message shares the author's name with the one before it."""
    same = (previous.user, previous.bot_id, previous.by_slack) == (
        message.user,
        message.bot_id,
        message.by_slack,
    )
    public = previous.ephemeral_for is None and message.ephemeral_for is None
    return same and public and float(message.ts) - float(previous.ts) < _GROUP
