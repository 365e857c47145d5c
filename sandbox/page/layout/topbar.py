"""The bar at the top, which Slack does not have: the current user, traffic, and help."""

from nicegui import ui

from sandbox.base.time_machine import Leap, TimeMachine
from sandbox.page.base.avatars import avatar
from sandbox.page.base.component import Component
from sandbox.page.base.formatting import ROLE_NAMES
from sandbox.page.base.html_tags import button, tag
from sandbox.page.base.icons import icon
from sandbox.state.models import Account

_ABOUT = (
    "This is a practice Slack. It runs only on this machine and works like the real one.",
    "The app in it is the real app, with the buttons that people will see.",
    "Choose a person at the top. Open Traffic to see what the app and Slack exchange.",
    "Times are in your browser's time zone. Where the top has a date, its buttons move the clock.",
)


class TopBar(Component):
    """The controls of the practice Slack itself."""

    def render_key(self) -> object:
        people = [(a.id, a.real_name, a.role, a.deleted) for a in self.tab.workspace.people()]
        return self.tab.me, people, self.tab.traffic_open, self._time()

    def _time(self) -> tuple[str, bool] | None:
        """Return the workspace's date, and whether its clock is being moved; None if it is real."""
        machine = self.tab.slack.time_machine
        if machine is None:
            return None
        now = self.tab.reader.now
        return f"{now:%a, %b} {now.day}, {now.year}", machine.is_moving

    def render(self) -> None:
        drawer = button("", "topbar-button drawer-button", aria_label="Channels")
        with drawer:
            icon("menu")
        drawer.listen("click", self._toggle_drawer)
        tag("span", "Practice Slack", "topbar-title")
        self._switch()
        self._clock()
        self._traffic()
        self._about()

    def _toggle_drawer(self) -> None:
        self.tab.drawer_open = not self.tab.drawer_open
        self.tab.refresh()

    def _switch(self) -> None:
        me = self.tab.workspace.account(self.tab.me)
        label = f"{me.real_name} ({ROLE_NAMES[me.role]})" if me else "nobody"
        opener = button(
            "", "topbar-button switch", aria_label=f"You are: {label}", aria_haspopup="menu"
        )
        with opener:
            if me is not None:
                avatar(self.tab.slack, me.id, 20)
            tag("span", "You are:", "switch-lead")
            tag("span", label, "switch-text")
            icon("chevron", 16)
            with (
                ui.menu().classes("menu").props("auto-close role=menu transition-duration=60") as m
            ):
                tag("div", "Act as", "pick-group")
                for account in self.tab.workspace.people():
                    self._person(account)
        m.props["anchor"], m.props["self"] = "bottom middle", "top middle"

    def _person(self, account: Account) -> None:
        item = button("", "menu-item", role="menuitemradio")
        item.props["aria-checked"] = "true" if account.id == self.tab.me else "false"
        if account.deleted:
            item.props["disabled"] = True
        with item:
            avatar(self.tab.slack, account.id, 24)
            tag("span", account.real_name)
            tag("span", f"({ROLE_NAMES[account.role]})", "note")
            if account.id == self.tab.me:
                icon("check", 16, "pick-tick")
        item.listen("click", lambda: self.tab.act_as(account.id))

    def _clock(self) -> None:
        """Render the date and the buttons that move the clock, where there is such a clock."""
        machine, time = self.tab.slack.time_machine, self._time()
        if machine is None or time is None:
            return
        date, is_moving = time
        with tag("div", classes="clock", role="group", aria_label="The practice Slack's clock"):
            with tag("span", classes="clock-date", role="status"):
                icon("clock", 16)
                tag("span", date)
            for leap in machine.leaps:
                self._leap(machine, leap, is_moving=is_moving)

    def _leap(self, machine: TimeMachine, leap: Leap, *, is_moving: bool) -> None:
        made = button(leap.label, "topbar-button clock-leap")
        if is_moving:
            made.props["disabled"] = True

        async def move() -> None:
            await self.tab.run(machine.leap, leap)

        made.listen("click", move)

    def _traffic(self) -> None:
        is_open = self.tab.traffic_open
        made = button("", "topbar-button", aria_pressed="true" if is_open else "false")
        with made:
            icon("traffic", 18)
            tag("span", "Traffic", "topbar-text")
        made.props["aria-label"] = "Traffic"
        made.listen("click", lambda: self.tab.set_traffic_open(is_open=not is_open))

    def _about(self) -> None:
        opener = button("?", "topbar-button about", aria_label="What is this?")
        with opener, ui.menu().classes("menu about-menu").props("transition-duration=60"):
            for line in _ABOUT:
                tag("p", line)
