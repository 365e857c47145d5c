"""Start and stop the demo: the practice Slack, bot, gateway, and the example API behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cli.demo import example_api
from cli.demo.bot_process import Child
from cli.demo.clock import ClockFile, DemoClock, clock_of_slack, next_audit, set_date
from cli.demo.errors import DemoError
from cli.demo.fixtures import TEAM, load_fixtures
from cli.demo.ports import HOST, reserved_port
from cli.demo.state_dir import Folder
from keys.credentials.tokens import redact
from runtime.clock import Clock
from runtime.http_server import Running, serve_in_thread
from sandbox.base.clock import MovableClock
from sandbox.base.errors import SandboxError, StateError
from sandbox.base.time_machine import DEFAULT_LEAPS, Leap, TimeMachine
from sandbox.sandbox import Sandbox

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
READY_SECONDS = 60
_FIRST_DOCUMENT = ("Opening hours", "Monday to Friday, 9 to 5.", timedelta(days=365))


class Stopped(Exception):
    """A stop was requested before everything had started."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports to use; 0 means any. If one is in use, another one is taken.

    Attributes:
        exact: whether the practice Slack must have its port.
    """

    slack: int = 0
    api: int = 0
    exact: bool = False


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """The running demo."""

    slack: Sandbox
    child: Child
    api: Running
    folder: Folder
    time_machine: TimeMachine

    @property
    def documents(self) -> str:
        """The address of the example API's only resource."""
        return f"{self.api.url}/documents"


@contextmanager
def opened(
    folder: Folder,
    ports: Ports,
    stop: threading.Event,
    *,
    page: bool,
    say: Callable[[str], None],
    date: datetime | None = None,
) -> Iterator[DemoEnvironment]:
    """Start everything, and stop it in the order in which nothing is lost.

    Args:
        folder: locked by the caller.
        stop: set to cancel the start.
        page: whether to serve the practice Slack's page for browsers.
        say: called with each warning.
        date: the demo's time at the start; None leaves the clock as it is.

    Raises:
        DemoError: if a part does not start, or `date` is before the demo's present time.
        Stopped: if `stop` was set before everything had started.
    """
    with ExitStack() as stack:
        slack_port, api_port, gateway_port = (
            stack.enter_context(reserved_port(port)) for port in (ports.slack, ports.api, 0)
        )
        if ports.exact and ports.slack not in (0, slack_port):
            raise DemoError(
                f"Another program listens on port {ports.slack}. Choose another with --port."
            )
        file = ClockFile(folder.clock)
        clock = clock_of_slack(file)
        later = set_date(clock, date, is_new=not folder.slack.exists())
        slack = stack.enter_context(_slack(folder, slack_port, clock, page=page))
        machine = _time_machine(slack, file)
        settings = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "APIKEYS_CHANNEL": TEAM,
            "APIKEYS_HOME": str(folder.keys.resolve()),
            "APIKEYS_GATEWAY_LISTEN": f"{HOST}:{gateway_port}",
            "APIKEYS_LAST_USED_SECONDS": "0.5",
            "APIKEYS_API_URL": f"http://{HOST}:{api_port}/documents",
        }
        child = Child(settings, folder.clock, folder.path, folder.log, say)
        stack.callback(child.stop)
        _wait_until_ready(slack, child, stop)
        if later is not None:
            machine.move_to(later)
        api = _api(folder, DemoClock(file), api_port, f"http://{HOST}:{gateway_port}")
        stack.callback(api.stop)
        yield DemoEnvironment(slack, child, api, folder, machine)


def _slack(folder: Folder, port: int, clock: MovableClock, *, page: bool) -> Sandbox:
    if not MANIFEST.exists():
        raise DemoError(f"The demo only runs in the project's folder: {MANIFEST} does not exist.")
    try:
        slack = Sandbox(
            MANIFEST,
            clock=clock,
            host=HOST,
            port=port,
            page=page,
            folder=folder.slack,
            redact=redact,
        )
    except StateError as error:
        raise DemoError(f"{error} Or start over with: make demo-reset") from error
    load_fixtures(slack)
    return slack


def _wait_until_ready(slack: Sandbox, child: Child, stop: threading.Event) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            slack.wait_for_app(within=0.2)
        except SandboxError:
            if stop.is_set():
                raise Stopped from None
            if not child.alive:
                raise child.died() from None
            if time.monotonic() > deadline:
                raise DemoError(
                    f"The bot did not connect within {READY_SECONDS} seconds."
                ) from None
        else:
            return


def _time_machine(slack: Sandbox, file: ClockFile) -> TimeMachine:
    machine = slack.time_machine
    if machine is None:
        raise TypeError("the demo's clock cannot be moved")
    machine.settle = file.settle
    machine.leaps = (*DEFAULT_LEAPS, Leap("To the next audit", next_audit))
    return machine


def _api(folder: Folder, clock: Clock, port: int, gateway: str) -> Running:
    if not folder.documents.exists():
        title, text, life = _FIRST_DOCUMENT
        example_api.RecordStore(folder.documents, clock).add(title, text, clock.now() + life)
    app = example_api.guarded(folder.documents, clock, gateway)
    return serve_in_thread(app, HOST, port, setting="The example API's address")
