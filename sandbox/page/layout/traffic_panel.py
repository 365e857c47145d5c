"""The traffic panel: every exchange between the app and Slack."""

import json
from datetime import datetime

from nicegui import ui
from nicegui.element import Element

from sandbox.page.base.component import Component
from sandbox.page.base.html_tags import button, put_attributes, tag
from sandbox.page.base.icons import icon
from sandbox.page.base.tab import Tab
from sandbox.state.models import Flow, Json, Traffic

_MAX_ROWS = 150
_REFRESH_SECONDS = 0.5
"""Seconds between refreshes while the panel is open: not every call changes the workspace."""


class TrafficPanel(Component):
    """The newest exchanges, newest first; each expands to show its content."""

    def __init__(self, tab: Tab, container: Element) -> None:
        super().__init__(tab, container)
        self._rows: dict[int, tuple[bool, Element]] = {}
        self._opened: set[int] = set()
        self._list: Element | None = None
        self._timer = ui.timer(_REFRESH_SECONDS, self._show_rows, active=False)

    def render_key(self) -> object:
        self.container.set_visibility(self.tab.traffic_open)
        self._timer.active = self.tab.traffic_open
        return self.tab.traffic_open

    def invalidate(self) -> None:
        super().invalidate()
        self._rows.clear()

    def render(self) -> None:
        self._rows.clear()
        self._list = None
        if not self.tab.traffic_open:
            return
        with tag("div", classes="traffic-head"):
            tag("h2", "Traffic")
            tag("span", "between the app and Slack", "note")
            cross = button("", "btn-plain", aria_label="Close traffic")
            with cross:
                icon("close")
        cross.listen("click", lambda: self.tab.set_traffic_open(is_open=False))
        self._list = tag("div", classes="traffic-list", role="list", aria_label="Traffic")

    def update(self) -> None:
        super().update()
        self._show_rows()

    def _show_rows(self) -> None:
        if self._list is None or self._list.is_deleted:
            return
        entries = self.tab.slack.traffic.entries()[-_MAX_ROWS:]
        listed = {entry.number for entry in entries}
        for number in [n for n in self._rows if n not in listed]:
            self._rows.pop(number)[1].delete()
        for entry in entries:
            known = self._rows.get(entry.number)
            if known is None:
                self._add_row(entry)
            elif known[0] != (entry.seconds is not None):
                known[1].clear()
                self._fill_row(entry, known[1])

    def _add_row(self, entry: Traffic) -> None:
        if self._list is None:
            return
        with self._list:
            row = tag("div", classes="exchange", role="listitem", data_number=entry.number)
        row.move(target_index=0)
        self._fill_row(entry, row)

    def _fill_row(self, entry: Traffic, row: Element) -> None:
        done = entry.seconds is not None
        self._rows[entry.number] = (done, row)
        with row:
            line = button("", f"exchange-line {entry.flow.value}")
            detail = tag("div", classes="exchange-detail")
            with line:
                self._line(entry)

        def expand(*, expanded: bool) -> None:
            put_attributes(line, aria_expanded="true" if expanded else "false")
            detail.clear()
            if expanded:
                with detail:
                    _detail(entry)

        def toggle() -> None:
            self._opened ^= {entry.number}
            expand(expanded=entry.number in self._opened)

        expand(expanded=entry.number in self._opened)
        line.listen("click", toggle)

    def _line(self, entry: Traffic) -> None:
        to_app = entry.flow is Flow.TO_APP
        at = datetime.fromtimestamp(entry.at, self.tab.reader.zone)
        tag("span", "to app" if to_app else "to Slack", "exchange-flow")
        tag("span", entry.name, "exchange-name")
        tag("span", _status(entry), "exchange-status" + ("" if entry.ok else " not-ok"))
        tag("span", _duration(entry.seconds), "exchange-seconds")
        tag("time", f"{at:%H:%M:%S}", "exchange-time")


def _status(entry: Traffic) -> str:
    if entry.seconds is None:
        return "in progress"
    if entry.status is None:
        return "no answer"
    if isinstance(entry.answered, dict) and entry.answered.get("ok") is False:
        return str(entry.answered.get("error", entry.status))
    return str(entry.status)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _detail(entry: Traffic) -> None:
    tag("div", f"Sent ({entry.transport})", "exchange-title")
    tag("pre", _pretty(entry.sent), "exchange-json")
    tag("div", "Answered", "exchange-title")
    tag("pre", _pretty(entry.answered), "exchange-json")


def _pretty(value: Json | str | None) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value or "nothing"
    return json.dumps(value, indent=2, ensure_ascii=False)
