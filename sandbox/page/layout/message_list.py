"""The list of messages: days, faces, names and times; each message is drawn anew on its own."""

from dataclasses import dataclass
from datetime import date, datetime

from nicegui.element import Element

from sandbox.page.base.component import Component
from sandbox.page.base.formatting import day_name, moment
from sandbox.page.base.html_tags import button, tag
from sandbox.page.base.reader import Reader
from sandbox.page.base.tab import HOME, Tab
from sandbox.page.layout.message import draw_message
from sandbox.state.models import Message

_STEP = 100
"""As many messages are drawn at first, and as many more at each press for earlier ones."""

_GROUP = 300.0
"""Seconds within which several messages of one author stand under one name."""


@dataclass(frozen=True)
class Line:
    """One line of the list: a day, a message, or the way to `earlier` ones that are not drawn.

    `mark` is what its drawing depends on.
    """

    key: str
    mark: str
    message: Message | None = None
    day: date | None = None
    follows: bool = False
    earlier: int = 0


class MessageList(Component):
    """What the acting person sees in the place, oldest first."""

    def __init__(self, tab: Tab, holder: Element) -> None:
        super().__init__(tab, holder)
        self._drawn: dict[str, tuple[str, Element]] = {}
        self._shown = _STEP

    def mark(self) -> object:
        return self.tab.me, self.tab.place

    def forget(self) -> None:
        super().forget()
        self._drawn.clear()

    def draw(self) -> None:
        self._drawn.clear()
        self._shown = _STEP

    def update(self) -> None:
        """Draw the messages that are new or changed, take away those that are gone."""
        super().update()
        self.holder.set_visibility(self.tab.place != HOME)
        if self.tab.place == HOME:
            return
        reader = self.tab.reader
        lines = self._lines(reader)
        wanted = {line.key: line for line in lines}
        for key in [k for k, (mark, _) in self._drawn.items() if _stale(wanted.get(k), mark)]:
            self._drawn.pop(key)[1].delete()
        for position, line in enumerate(lines):
            if line.key not in self._drawn:
                self._draw_line(line, position, reader)

    def _draw_line(self, line: Line, position: int, reader: Reader) -> None:
        with self.holder:
            made = tag("div", classes="line")
        if position < len(self._drawn):
            made.move(target_index=position)
        with made:
            if line.message is not None:
                draw_message(self.tab, reader, line.message, follows=line.follows)
            elif line.day is not None:
                with tag("div", classes="day", role="separator"):
                    tag("span", day_name(line.day, reader.now.date()))
            else:
                words = f"Show earlier messages ({line.earlier})"
                button(words, "link-button earlier").on("click", self._show_earlier, [])
        self._drawn[line.key] = (line.mark, made)

    def _show_earlier(self) -> None:
        self._shown += _STEP
        self.update()

    def _lines(self, reader: Reader) -> list[Line]:
        everything = self.tab.workspace.messages_for(self.tab.me, self.tab.place)
        messages = everything[-self._shown :]
        names = repr(self.tab.workspace.names())
        lines: list[Line] = []
        if earlier := len(everything) - len(messages):
            lines.append(Line("earlier", str(earlier), earlier=earlier))
        before: Message | None = None
        for message in messages:
            at = moment(message.ts, reader.zone)
            if before is None or moment(before.ts, reader.zone).date() != at.date():
                lines.append(_day_line(at, reader))
                before = None
            follows = before is not None and _together(before, message)
            mark = repr((_content_of(message, self.tab.me), follows, names))
            lines.append(Line(message.ts, mark, message=message, follows=follows))
            before = message
        return lines


def _content_of(message: Message, user: str) -> tuple[object, ...]:
    """What the drawing of a message depends on; what was entered in it is not part of that."""
    return (
        message.revision,
        message.text,
        message.blocks,
        message.edited_ts,
        message.payload.get("attachments"),
        message.notices.get(user),
    )


def _stale(line: Line | None, mark: str) -> bool:
    return line is None or line.mark != mark


def _day_line(at: datetime, reader: Reader) -> Line:
    day = at.date()
    return Line(f"day-{day}", day_name(day, reader.now.date()), day=day)


def _together(before: Message, message: Message) -> bool:
    """Whether a message stands under the name of the one before it."""
    same = (before.user, before.bot_id, before.by_slack) == (
        message.user,
        message.bot_id,
        message.by_slack,
    )
    public = before.ephemeral_for is None and message.ephemeral_for is None
    return same and public and float(message.ts) - float(before.ts) < _GROUP
