"""One browser tab: who is acting, where they are, and drawing anew what has changed."""

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol
from urllib.parse import urlencode

from nicegui import ui

from sandbox.page.base.protocols import PageSandbox
from sandbox.page.base.reader import Reader, reader_for
from sandbox.state.models import Channel
from sandbox.users.actions import UserActions

P = ParamSpec("P")

HOME = "home"
"""The place that is the app's Home; every other place is a channel's id."""

_BATCH_SECONDS = 0.03
"""Seconds within which several changes are drawn as one."""


class Redrawn(Protocol):
    """What a tab redraws: a `sandbox.page.base.component.Component`."""

    def update(self) -> None:
        """Redraw it if what it shows has changed."""

    def invalidate(self) -> None:
        """Make the next update redraw it in any case."""


class Tab:
    """The state of one browser tab. It also stands in the address, so that a reload keeps it.

    Args:
        slack: the practice Slack that is shown.
        me: the id of the person who acts in this tab.
        place: where they are: a channel's id or `HOME`.
        query: what else stands in the address, such as ``traffic``.
    """

    def __init__(self, slack: PageSandbox, me: str, location: str, query: dict[str, str]) -> None:
        self.slack = slack
        self.workspace = slack.workspace
        self.me = me
        self.location = location
        self.traffic_open = query.get("traffic") == "open"
        self.drawer_open = False
        self.components: list[Redrawn] = []
        self._client = ui.context.client
        self._loop = asyncio.get_running_loop()
        self._pending_refresh: asyncio.TimerHandle | None = None
        self._unsubscribe = self.workspace.subscribe(self._on_change)
        self._client.on_delete(self._on_delete)

    # --- reading ------------------------------------------------------------------------------

    @property
    def actions(self) -> UserActions:
        """What anybody can do with a mouse and a keyboard."""
        return self.slack.actions

    @property
    def reader(self) -> Reader:
        """Whoever acts here, as a reader of text."""
        return reader_for(self.workspace, self.me)

    @property
    def channel(self) -> Channel | None:
        """The channel that is shown; None on the app's Home."""
        return None if self.location == HOME else self.workspace.channel(self.location)

    @property
    def in_app(self) -> bool:
        """Whether the app's own place is shown: its Home, or the messages with it."""
        channel = self.channel
        return self.location == HOME or (
            channel is not None and channel.is_direct and self.slack.bot_user_id in channel.members
        )

    def name_of(self, user: str) -> str:
        """What to call somebody: their real name, or their id when nobody knows it."""
        return self.workspace.names().user(user) or user

    # --- drawing ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Draw anew every part whose content has changed."""
        self._pending_refresh = None
        if self._client.is_deleted:
            return
        if self.location != HOME and self._client.has_socket_connection:
            self.workspace.mark_read(self.me, self.location)
        with self._client.content:
            for component in self.components:
                component.update()

    def redraw(self) -> None:
        """Draw everything anew, whether it changed or not."""
        for component in self.components:
            component.invalidate()
        self.refresh()

    def _on_change(self) -> None:
        """Runs in whichever thread changed the workspace; the drawing belongs in the loop."""
        if self._loop.is_closed():
            self._unsubscribe()
        else:
            self._loop.call_soon_threadsafe(self._refresh_soon)

    def _refresh_soon(self) -> None:
        if self._pending_refresh is None:
            self._pending_refresh = self._loop.call_later(_BATCH_SECONDS, self.refresh)

    def _on_delete(self) -> None:
        self._unsubscribe()
        if self._pending_refresh is not None:
            self._pending_refresh.cancel()

    # --- going places -------------------------------------------------------------------------

    def go_to(self, location: str) -> None:
        """Show another place."""
        self.location = location
        self.drawer_open = False
        self._update_address()

    def act_as(self, user: str) -> None:
        """Act as somebody else, in the same place where they can see it."""
        self.me = user
        self.location = first_location(self.slack, user, self.location)
        self.drawer_open = False
        self._update_address()

    def set_traffic_open(self, *, is_open: bool) -> None:
        """Open or close the pane with the traffic."""
        self.traffic_open = is_open
        self._update_address()

    def _update_address(self) -> None:
        ui.navigate.history.replace(self.address())
        self.refresh()

    def address(self) -> str:
        """The address that brings a browser back to what this tab shows."""
        account = self.workspace.account(self.me)
        query = {"as": account.name if account else self.me, "in": self.location}
        if self.traffic_open:
            query["traffic"] = "open"
        return "/?" + urlencode(query)

    async def open_app(self, tab: str) -> None:
        """Open the app's Home (``home``) or the messages with it (``messages``)."""
        bot = self.slack.bot_user_id
        if tab == "messages":
            direct = self.workspace.direct_between(self.me, bot)
            location = (
                direct.id if direct else await self.run(self.actions.open_direct, self.me, bot)
            )
            self.go_to(str(location))
        else:
            self.go_to(HOME)
        await self.run(self.actions.open_home, self.me, tab)

    async def open_direct(self, other: str) -> None:
        """Open the direct message with another person."""
        self.go_to(str(await self.run(self.actions.open_direct, self.me, other)))

    # --- doing things -------------------------------------------------------------------------

    async def run(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run one of the hands' functions in a thread: they wait for the app, 3 s at most."""
        try:
            return await asyncio.to_thread(function, *args, **kwargs)
        finally:
            self.refresh()

    async def submit(self) -> None:
        """Submit the topmost modal, once however often it was pressed."""
        views = self.workspace.modals_of(self.me)
        if views and not views[-1].waiting and views[-1].body.get("submit"):
            await self.run(self.actions.submit, self.me)


def first_location(slack: PageSandbox, user: str, wanted: str | None) -> str:
    """Where somebody begins: where they want to, else in their first channel, else with the app.

    Args:
        slack: the workspace.
        user: the person's id.
        wanted: a channel's id or name, ``home``, or None.
    """
    workspace = slack.workspace
    mine = [*workspace.channels_of(user), *workspace.directs_of(user)]
    if wanted == HOME and slack.workspace.manifest.home_tab:
        return HOME
    for channel in mine:
        if wanted in (channel.id, channel.name, f"#{channel.name}"):
            return channel.id
    general = workspace.channel_named("general")
    ids = [channel.id for channel in mine]
    if general is not None and general.id in ids:
        return general.id
    return ids[0] if ids else HOME
