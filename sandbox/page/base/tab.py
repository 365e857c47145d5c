"""One browser tab: its user, its location, and rendering what has changed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, Protocol
from urllib.parse import urlencode

from nicegui import ui

from sandbox.base.errors import SandboxError
from sandbox.page.base.protocols import PageSandbox
from sandbox.page.base.reader import Reader, reader_for
from sandbox.state.models import Channel
from sandbox.users.actions import UserActions

P = ParamSpec("P")

HOME = "home"
"""The location of the app's Home; every other location is a channel's id."""

_BATCH_SECONDS = 0.03
"""Seconds within which several changes are rendered together."""


class Refreshable(Protocol):
    """What a tab refreshes: a `sandbox.page.base.component.Component`."""

    def update(self) -> None:
        """Render it again if what it shows has changed."""

    def invalidate(self) -> None:
        """Make the next update render it in any case."""


class Tab:
    """The state of one browser tab. The address holds it too, so that a reload keeps it.

    Args:
        slack: the practice Slack that the tab shows.
        me: the id of the user who acts in this tab.
        location: a channel's id or `HOME`.
        query: the address's parameters, such as ``traffic``.
        zone: the name of the browser's time zone; empty until it is known.
    """

    def __init__(
        self, slack: PageSandbox, me: str, location: str, query: dict[str, str], zone: str = ""
    ) -> None:
        self.slack = slack
        self.workspace = slack.workspace
        self.me = me
        self.location = location
        self.zone = zone
        self.traffic_open = query.get("traffic") == "open"
        self.drawer_open = False
        self.components: list[Refreshable] = []
        self._client = ui.context.client
        self._loop = asyncio.get_running_loop()
        self._pending_refresh: asyncio.TimerHandle | None = None
        self._unsubscribe = self.workspace.subscribe(self._on_change)
        self._client.on_delete(self._on_delete)

    # --- reading ------------------------------------------------------------------------------

    @property
    def actions(self) -> UserActions:
        """What users can do with a mouse and a keyboard."""
        return self.slack.actions

    @property
    def reader(self) -> Reader:
        """The user of this tab, as a reader of text."""
        return reader_for(self.workspace, self.me, self.zone)

    @property
    def channel(self) -> Channel | None:
        """The open channel; None on the app's Home."""
        return None if self.location == HOME else self.workspace.channel(self.location)

    @property
    def in_app(self) -> bool:
        """Whether the app is open: its Home, or the direct message with it."""
        channel = self.channel
        return self.location == HOME or (
            channel is not None and channel.is_direct and self.slack.bot_user_id in channel.members
        )

    def name_of(self, user: str) -> str:
        """Return a user's real name, or their id if it is unknown."""
        return self.workspace.names().user(user) or user

    # --- rendering ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Update every component whose content has changed."""
        self._pending_refresh = None
        if self._client.is_deleted:
            return
        if self.location != HOME and self._client.has_socket_connection:
            self.workspace.mark_read(self.me, self.location)
        with self._client.content:
            for component in self.components:
                component.update()

    def render_all(self) -> None:
        """Render every component again, changed or not."""
        for component in self.components:
            component.invalidate()
        self.refresh()

    def _on_change(self) -> None:
        """Schedule a refresh in the event loop; runs in the thread that changed the workspace."""
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

    # --- navigating ---------------------------------------------------------------------------

    def go_to(self, location: str) -> None:
        """Open a channel or the Home."""
        self.location = location
        self.drawer_open = False
        self._update_address()

    async def act_as(self, user: str) -> None:
        """Act as another user, in the same location if they can see it."""
        self.me = user
        self.location = first_location(self.slack, user, self.location)
        self.drawer_open = False
        self._update_address()
        await self.open_home()

    async def open_home(self) -> None:
        """Tell the app that its Home was opened, if that is what the tab shows."""
        if self.location == HOME:
            with suppress(SandboxError):  # a deactivated person opens nothing
                await self.run(self.actions.open_home, self.me)

    def set_traffic_open(self, *, is_open: bool) -> None:
        """Open or close the traffic panel."""
        self.traffic_open = is_open
        self._update_address()

    def _update_address(self) -> None:
        ui.navigate.history.replace(self.address())
        self.refresh()

    def address(self) -> str:
        """Return the address that leads back to what this tab shows."""
        account = self.workspace.account(self.me)
        query = {"as": account.name if account else self.me, "in": self.location}
        if self.traffic_open:
            query["traffic"] = "open"
        return "/?" + urlencode(query)

    async def open_app(self, tab: str) -> None:
        """Open the app's Home (``home``) or its direct message (``messages``)."""
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

    # --- acting -------------------------------------------------------------------------------

    async def run(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run a user action in a thread, because it waits for the app, 3 s at most."""
        try:
            return await asyncio.to_thread(function, *args, **kwargs)
        finally:
            self.refresh()

    async def submit(self) -> None:
        """Submit the topmost modal, once however often its button is pressed."""
        views = self.workspace.modals_of(self.me)
        if views and not views[-1].waiting and views[-1].body.get("submit"):
            await self.run(self.actions.submit, self.me)


def first_location(slack: PageSandbox, user: str, wanted: str | None) -> str:
    """Return a user's first location: the wanted one, else #general or a first channel, else Home.

    Args:
        slack: the practice Slack.
        user: the user's id.
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
