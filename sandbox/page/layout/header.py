"""The header above the messages: the channel's name and topic, or the app with its tabs."""

from sandbox.page.base.avatars import avatar
from sandbox.page.base.component import Component
from sandbox.page.base.html_tags import button, tag
from sandbox.page.base.icons import icon
from sandbox.page.base.tab import HOME
from sandbox.state.models import Channel, ChannelKind


class Header(Component):
    """The name of the open channel, person or app."""

    def render_key(self) -> object:
        tab = self.tab
        return tab.me, tab.location, repr(tab.channel), tab.workspace.names()

    def render(self) -> None:
        channel = self.tab.channel
        with tag("div", classes="header-line"):
            if self.tab.in_app:
                self._app_name()
            elif channel is not None:
                self._channel_name(channel)
        if self.tab.in_app:
            self._app_tabs()

    def _app_name(self) -> None:
        avatar(self.tab.slack, self.tab.slack.bot_user_id, 24)
        tag("h2", self.tab.workspace.manifest.bot_name, "header-name")
        tag("span", "APP", "badge")

    def _channel_name(self, channel: Channel) -> None:
        if channel.is_direct:
            others = [m for m in channel.members if m != self.tab.me] or [self.tab.me]
            avatar(self.tab.slack, others[0], 24)
            tag("h2", self.tab.name_of(others[0]), "header-name")
            return
        icon("lock" if channel.kind is ChannelKind.PRIVATE else "hash", 18)
        tag("h2", channel.name, "header-name")
        if channel.topic:
            tag("span", channel.topic, "header-topic")
        with tag(
            "span", classes="header-members", title=self._members(channel), role="note"
        ) as members:
            icon("people", 18)
            tag("span", str(len(channel.members)))
        members.props["aria-label"] = f"{len(channel.members)} members"

    def _members(self, channel: Channel) -> str:
        return ", ".join(self.tab.name_of(m) for m in channel.members)

    def _app_tabs(self) -> None:
        manifest = self.tab.workspace.manifest
        with tag("div", classes="header-tabs", role="tablist"):
            if manifest.home_tab:
                self._app_tab("Home", "home", here=self.tab.location == HOME)
            if manifest.messages_tab:
                self._app_tab("Messages", "messages", here=self.tab.location != HOME)

    def _app_tab(self, label: str, name: str, *, here: bool) -> None:
        made = button(
            label,
            "header-tab here" if here else "header-tab",
            role="tab",
            aria_selected="true" if here else "false",
        )

        async def open_it() -> None:
            await self.tab.open_app(name)

        made.listen("click", open_it)
