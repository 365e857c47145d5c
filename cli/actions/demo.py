"""`apikeys demo`: everything on this machine, to click through or to read."""

from __future__ import annotations

import importlib.util
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from cli.actions.run import stop_event, wait
from cli.demo.errors import DemoError
from cli.demo.state_dir import NAME, PAGE_PORT, Folder
from cli.terminal import say, say_lines

API_PORT = 8331
_REQUIRED = ("httpx", "nicegui", "websockets")


def demo(port: int | None, tour: bool, reset: bool, date: datetime | None = None) -> None:
    """Run a practice Slack, the bot, the gateway and an example API on this machine.

    No Slack account is needed. What you do is kept in the folder .apikeys-demo.

    Args:
        date: the day on which it starts; None for today, or where the clock stands.
    """
    if missing := [name for name in _REQUIRED if importlib.util.find_spec(name) is None]:
        raise DemoError(f"The demo needs {', '.join(missing)}: pip install 'apikeys[sandbox]'")
    folder = Folder(Path(NAME))
    if reset:
        folder.empty()
        say(f"{folder.path} is empty.")
    elif tour:
        _tour()
    else:
        _run(folder, port, date)


def _run(folder: Folder, port: int | None, date: datetime | None) -> None:
    from cli.demo.environment import (  # slow, and the other commands do not need it
        Ports,
        Stopped,
        opened,
    )

    stop = stop_event()
    ports = Ports(PAGE_PORT if port is None else port, API_PORT, exact=port is not None)
    say("Starting …")
    if date is not None and folder.slack.exists():
        say("The clock moves to that day step by step, which takes two minutes for a year.")
    try:
        with (
            folder.locked(),
            opened(folder, ports, stop, page=True, say=_warn, date=_morning(date)) as world,
        ):
            if port is None and not world.slack.url.endswith(f":{PAGE_PORT}/"):
                say(f"Port {PAGE_PORT} is in use, so another one was chosen.")
            say_lines(_next_steps(world.slack.url, world.documents))
            wait(stop, [world.child, world.api])
            if not stop.is_set():
                raise world.child.died() if not world.child.alive else _api_died()
            say_lines("\nStopping …")
    except Stopped:
        pass
    say(f"Stopped. Everything is kept in {folder.path}.")


def _morning(date: datetime | None) -> datetime | None:
    """Return nine o'clock on that day, when people are at work."""
    return None if date is None else date.replace(hour=9, tzinfo=UTC)


def _next_steps(page: str, documents: str) -> str:
    from cli.demo.fixtures import TEAM

    return f"""
The demo is running. Open this in a browser:

    {page}?in={TEAM.lstrip("#")}

It is a practice Slack in which you are Alice, an admin. Three things to try:

1. Create a key. In #api-keys, type  /apikeys new  and fill in the modal.
   The token is sent in a direct message: see "API keys" under Apps, on the left.

2. Use it. In another terminal, with the token pasted into the first line:

    API_KEY=PASTE-THE-TOKEN-HERE
    curl -i -H "Authorization: Bearer $API_KEY" {documents}

3. Revoke it. Type  /apikeys list  and choose Revoke in the menu next to the key. Press
   the red button, and run the last command again: it is refused.

The buttons at the top move the clock: watch a key expire, or an audit begin.
Stop with Ctrl-C."""


def _tour() -> None:
    from cli.demo.environment import Ports, Stopped, opened
    from cli.demo.tour import play
    from cli.demo.tour_year import STARTS
    from cli.demo.transcript import Transcript

    stop, transcript = stop_event(), Transcript(say_lines)
    with tempfile.TemporaryDirectory(prefix="apikeys-tour-") as made:
        folder = Folder(Path(made))
        try:
            with (
                folder.locked(),
                opened(folder, Ports(), stop, page=False, say=_warn, date=STARTS) as world,
            ):
                steps = play(world, transcript, stop)
        except Stopped:
            raise DemoError("The tour was stopped before it finished.") from None
    say_lines(f"\nAll {steps} steps passed.")


def _api_died() -> DemoError:
    return DemoError("The example API stopped unexpectedly; see the output above.")


def _warn(line: str) -> None:
    say(line, err=True)
