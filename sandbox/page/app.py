"""Serve the page: NiceGUI mounted in the practice Slack's application."""

import hashlib
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from sandbox.page.base.protocols import PageSandbox
from sandbox.page.base.tab import Tab, first_location
from sandbox.page.layout.window import build_window
from sandbox.state.models import Role

_STYLE = Path(__file__).parent / "style"
_SLACK = "practice_slack"
_CONNECT_SECONDS = 60.0
_ZONE_COOKIE = "practice_zone"
"""Tells the browser's time zone at the next load, before the page is rendered."""
_one_at_a_time = threading.Lock()


def attach(app: Starlette, slack: PageSandbox) -> None:
    """Put the page for `slack` at ``/`` of `app`. Call it before `app` starts, after other routes.

    NiceGUI keeps one event loop for a process, so pages of several practice Slacks can follow one
    another in a process, but not run at the same time.

    Raises:
        RuntimeError: `app` starts while another page of this process is running.
    """
    _configure()

    async def page_app(scope: Scope, receive: Receive, send: Send) -> None:
        scope[_SLACK] = slack
        await nicegui_app(scope, receive, send)

    app.mount("/page-style", StaticFiles(directory=_STYLE))
    app.mount("/", page_app)
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(parent: Starlette) -> AsyncIterator[Mapping[str, Any] | None]:
        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("another practice Slack's page is running in this process")
        try:
            async with nicegui_app.router.lifespan_context(nicegui_app), before(parent) as state:
                yield state
        finally:
            _one_at_a_time.release()

    app.router.lifespan_context = lifespan  # type: ignore[assignment]  # as NiceGUI wraps it too


@cache
def _configure() -> None:
    """Configure NiceGUI, once: it keeps the settings for the whole process."""
    ui.run_with(
        FastAPI(),  # NiceGUI mounts itself there too; this one is never served
        title="Practice Slack",
        language="en-US",
        favicon=_STYLE / "icon.svg",
        tailwind=False,
        reconnect_timeout=30.0,
        show_welcome_message=False,
    )
    ui.page("/")(_window)


async def _window(request: Request) -> None:
    """Build the window of one tab, as its address asks."""
    slack: PageSandbox = request.scope[_SLACK]
    query = dict(request.query_params)
    _link_style()
    me = _initial_user(slack, query.get("as"))
    if me is None:
        ui.label("This workspace has no people yet. Add a person, then reload.")
        return
    ui.page_title(f"{slack.workspace.team_name} · Practice Slack")
    zone = request.cookies.get(_ZONE_COOKIE, "")
    tab = Tab(slack, me, first_location(slack, me, query.get("in")), query, zone)
    build_window(tab)
    await _finish_loading(tab)


async def _finish_loading(tab: Tab) -> None:
    """Show the page once the browser is connected; a reload removes ephemeral messages."""
    client = ui.context.client
    try:
        await client.connected(timeout=_CONNECT_SECONDS)
        navigation, zone = await client.run_javascript(
            "practiceSlack.opened()", timeout=_CONNECT_SECONDS
        )
    except TimeoutError:
        return  # the tab was closed while it was loading
    if navigation == "reload":
        await tab.run(tab.actions.reload, tab.me)
    await tab.open_home()
    if zone != tab.zone:
        tab.zone = zone
        tab.render_all()
    tab.refresh()
    client.run_javascript("practiceSlack.ready()")


def _initial_user(slack: PageSandbox, wanted: str | None) -> str | None:
    """Return the id of the user in the address, else of the first admin, else of the first user."""
    people = slack.workspace.people()
    for account in people:
        if wanted in (account.id, account.name):
            return account.id
    admins = [a for a in people if a.role in (Role.ADMIN, Role.OWNER, Role.PRIMARY_OWNER)]
    return (admins or people)[0].id if people else None


@cache
def _style_version() -> str:
    """Return a hash of the style files, so that browsers load a new version."""
    digest = hashlib.sha256()
    for file in sorted(_STYLE.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _link_style() -> None:
    for file in sorted(_STYLE.glob("*.css")):
        link = f'<link rel="stylesheet" href="/page-style/{file.name}?v={_style_version()}">'
        ui.add_head_html(link)
    script = f'<script src="/page-style/page.js?v={_style_version()}"></script>'
    ui.add_head_html(script)
