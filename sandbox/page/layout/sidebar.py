"""The sidebar: the workspace's name, the channels, the direct messages and the app."""

from sandbox.page.base.avatars import avatar
from sandbox.page.base.component import Component
from sandbox.page.base.html_tags import Tag, button, tag
from sandbox.page.base.icons import icon
from sandbox.page.base.tab import HOME
from sandbox.state.models import Account, Channel, ChannelKind


class Sidebar(Component):
    """Everything that the tab's user can open."""

    def render_key(self) -> object:
        tab = self.tab
        lines = [
            (c.id, c.name, c.kind, c.shared, tuple(c.members), self._unread(c.id))
            for c in self._channels() + self._directs()
        ]
        self.container.classes(
            add="open" if tab.drawer_open else "", remove="" if tab.drawer_open else "open"
        )
        return tab.me, tab.location, lines, tab.workspace.names()

    def _channels(self) -> list[Channel]:
        return [c for c in self.tab.workspace.channels_of(self.tab.me) if not c.archived]

    def _directs(self) -> list[Channel]:
        return self.tab.workspace.directs_of(self.tab.me)

    def _unread(self, channel: str) -> int:
        return (
            0 if channel == self.tab.location else self.tab.workspace.unread(self.tab.me, channel)
        )

    def render(self) -> None:
        with tag("div", classes="workspace-name"):
            tag("h1", self.tab.workspace.team_name)
        with tag("nav", classes="rail", aria_label="Channels and direct messages"):
            tag("h2", "Channels", "rail-title")
            for channel in self._channels():
                self._channel(channel)
            tag("h2", "Direct messages", "rail-title")
            for account, direct in self._people():
                self._person(account, direct)
            me = self.tab.workspace.account(self.tab.me)
            if (
                me is not None and not me.is_outsider
            ):  # apps of a workspace are not for people of another organisation
                tag("h2", "Apps", "rail-title")
                self._app()

    def _people(self) -> list[tuple[Account, Channel | None]]:
        """Return people with a direct message, the user first, as in Slack."""
        workspace = self.tab.workspace
        mine = workspace.account(self.tab.me)
        found: list[tuple[Account, Channel | None]] = [(mine, None)] if mine else []
        for direct in self._directs():
            others = [m for m in direct.members if m != self.tab.me]
            account = workspace.account(others[0]) if others else None
            if account is not None and account.id != self.tab.slack.bot_user_id:
                found.append((account, direct))
        return found

    def _channel(self, channel: Channel) -> None:
        unread = self._unread(channel.id)
        with self._line(channel.id, unread, channel.name) as line:
            icon("lock" if channel.kind is ChannelKind.PRIVATE else "hash", 16)
            tag("span", channel.name, "rail-name")
            if channel.shared:
                tag("span", "shared", "rail-shared")
        line.listen("click", lambda: self.tab.go_to(channel.id))

    def _person(self, account: Account, direct: Channel | None) -> None:
        location = direct.id if direct else ""
        unread = self._unread(location) if direct else 0
        with self._line(location or "-", unread, account.real_name) as line:
            avatar(self.tab.slack, account.id, 20)
            tag("span", account.real_name, "rail-name")
            if account.id == self.tab.me:
                tag("span", "you", "rail-note")
            if unread:
                tag("span", str(unread), "rail-count")

        async def open_it() -> None:
            await self.tab.open_direct(account.id)

        line.listen("click", open_it)

    def _app(self) -> None:
        tab = self.tab
        direct = tab.workspace.direct_between(tab.me, tab.slack.bot_user_id)
        unread = self._unread(direct.id) if direct else 0
        name = tab.workspace.manifest.bot_name
        location = HOME if tab.location == HOME else (direct.id if direct else "-")
        with self._line(location, unread, name) as line:
            avatar(tab.slack, tab.slack.bot_user_id, 20)
            tag("span", name, "rail-name")
            if unread:
                tag("span", str(unread), "rail-count")

        async def open_it() -> None:
            manifest = tab.workspace.manifest
            await tab.open_app("messages" if manifest.messages_tab else "home")

        line.listen("click", open_it)

    def _line(self, location: str, unread: int, name: str) -> Tag:
        here = location == self.tab.location
        classes = "rail-line" + (" here" if here else "") + (" unread" if unread else "")
        label = f"{name}, {unread} unread" if unread else name
        return button(
            "",
            classes,
            aria_label=label,
            aria_current="page" if here else None,
            data_location=location,
        )
