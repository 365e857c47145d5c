"""The practice Slack as a whole: a workspace, an app installed in it, and people."""

from pathlib import Path
from typing import Self

from sandbox.base.clock import Clock, MovableClock, SystemClock
from sandbox.base.errors import SandboxError
from sandbox.base.ids import new_id
from sandbox.base.time_machine import TimeMachine
from sandbox.delivery.dispatcher import Deliverer, NotAcknowledged, by_function
from sandbox.delivery.faults import Faults
from sandbox.delivery.runtime import build_runtime
from sandbox.delivery.signed_http import HttpDelivery, answers_challenge
from sandbox.delivery.socket_mode import SocketMode
from sandbox.directory import GENERAL, Directory
from sandbox.server.server import Server
from sandbox.state.installation import Installation
from sandbox.state.manifest import read_manifest
from sandbox.state.models import Flow, Json, Traffic
from sandbox.state.persistence import Persister, load_snapshot
from sandbox.state.restrictions import Restrictions
from sandbox.state.snapshot import Redact, Snapshot, restore
from sandbox.state.traffic import TrafficLog
from sandbox.state.trigger_ids import TriggerIds
from sandbox.state.workspace import Workspace
from sandbox.webapi import Answer, WebApi


class Sandbox(Directory):
    """A practice Slack; once started, it serves over the network.

    It delivers by Socket Mode, or with `deliver_to` by signed HTTP. Without starting, it works
    inside this process: `call` is the Web API, `respond` is a response URL, and `deliver_with` sets
    the function that gets the deliveries.

    Args:
        manifest: the app's manifest, as a file or as the values read from one.
        clock: the workspace's time; tests pass a `HeldClock`. With a `MovableClock`, the page has
            buttons that move it, and `time_machine` does.
        team_name, team_id: of the workspace; None makes a new id.
        host, port: where to serve once started; port 0 chooses a free one.
        page: serve the page for browsers too, at `url`. One page can run in a process at a time.
        folder: where to save the workspace between runs; None saves nothing. The ids and secrets
            of the app, and `team_id`, stay as first saved. `is_new` is true when nothing was saved
            there and there are no people yet.
        redact: returns the part of a text that may be written into `folder`.
        enforce_rate_limits: answer 429 to calls beyond the limits of Slack's tiers.
        org_wide: install the app for all workspaces of an organisation, of which this is one.

    Raises:
        ManifestError: Slack would refuse this manifest.
        StateError: the workspace saved in `folder` cannot be read, or `folder` is not writable.
    """

    def __init__(
        self,
        manifest: Path | Json,
        *,
        clock: Clock | None = None,
        team_name: str = "Acme",
        team_id: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        page: bool = False,
        folder: Path | None = None,
        redact: Redact | None = None,
        enforce_rate_limits: bool = False,
        org_wide: bool = False,
    ) -> None:
        saved = load_snapshot(folder) if folder else None
        parsed_manifest, workspace_clock = read_manifest(manifest), clock or SystemClock()
        team = saved.team_id if saved else team_id or new_id("T")
        workspace = Workspace(parsed_manifest, workspace_clock, team_id=team, team_name=team_name)
        install = Installation.from_json(saved.app) if saved else Installation()
        install.scopes = set(parsed_manifest.scopes)
        install.enterprise_id = new_id("E") if org_wide else None
        self.faults = Faults()
        self.traffic = TrafficLog(workspace_clock)
        triggers = TriggerIds(workspace_clock)
        super().__init__(
            build_runtime(workspace, install, triggers, self.faults, self.traffic, self._address)
        )
        self._sockets = SocketMode(install)
        self.faults.on_disconnect = self._sockets.disconnect
        self.faults.on_stall = self._sockets.stall
        self.faults.on_time_out = self._sockets.time_out
        self.web_api = WebApi(
            workspace,
            install,
            triggers,
            self.faults,
            self.traffic,
            connect=self._socket_url,
            address=self._address,
        )
        self.web_api.limits.enforced = enforce_rate_limits
        self.web_api.scheduled_messages.run_at = self._runtime.scheduler.run_at
        self._server = Server(self.web_api, self.respond, self._sockets, host, port)
        self._running = False
        self._http_deliveries: list[HttpDelivery] = []
        if page:
            self._server.add_page(self)
        self.time_machine = self._time_machine(workspace_clock)
        self.is_new = saved is None
        self._fill_workspace(saved)
        self._persister = Persister(folder, workspace, install, redact or str) if folder else None

    def _time_machine(self, clock: Clock) -> TimeMachine | None:
        if not isinstance(clock, MovableClock):
            return None

        def show() -> None:
            with self.workspace.change():
                pass  # subscribers show the new time

        return TimeMachine(clock, prepare=self.traffic.wait_until_quiet, on_stride=show)

    def _fill_workspace(self, saved: Snapshot | None) -> None:
        if saved is not None:
            restore(saved, self.workspace)
        self._add_bot()
        if saved is None:
            self.add_channel(GENERAL)

    # --- running ------------------------------------------------------------------------------

    def start(self) -> None:
        """Serve over the network, once; deliver by Socket Mode unless another way is set."""
        self._server.start()
        self._running = True
        if self._runtime.dispatcher.transport is None:
            self._runtime.dispatcher.transport = self._sockets.deliver

    def stop(self) -> None:
        """Stop serving, wait for pending events, and save the workspace."""
        self._runtime.close()
        self._running = False
        self._server.stop()
        self.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for_app(self, within: float = 10) -> None:
        """Wait until the app has opened a socket.

        Raises:
            SandboxError: it has not after `within` real seconds.
        """
        if not self._sockets.wait(within):
            raise SandboxError(f"the app opened no socket within {within} s")

    @property
    def url(self) -> str:
        """The address it is served at, ending in a slash. Raises NotRunningError while stopped."""
        return f"http://{self._server.address}/"

    @property
    def api_url(self) -> str:
        """The Web API's address for an SDK. Raises NotRunningError while it is stopped."""
        return f"{self.url}api/"

    def _socket_url(self) -> str:
        """Return an address that opens one socket, once."""
        return f"ws://{self._server.address}/link?ticket={self._sockets.ticket()}"

    def _address(self) -> str:
        """Return the address for response URLs, which need one even while nothing is served."""
        return self.url if self._running else "http://127.0.0.1:9/"

    # --- restrictions -------------------------------------------------------------------------

    @property
    def restrictions(self) -> Restrictions:
        """What Slack restricts only for some apps and workspaces."""
        return self.workspace.restrictions

    @property
    def events_are_off(self) -> bool:
        """Whether event subscriptions were switched off after too many failures."""
        return self._runtime.event_queue.failure_limit.is_off

    def switch_events_on(self) -> None:
        """Switch event subscriptions on again, as an owner of the app does by hand."""
        self._runtime.event_queue.failure_limit.switch_on()

    # --- the app's side -----------------------------------------------------------------------

    @property
    def bot_token(self) -> str:
        return self.install.bot_token

    @property
    def app_token(self) -> str:
        return self.install.app_token

    @property
    def config_token(self) -> str:
        """The app configuration token, for `apps.manifest.validate`."""
        return self.install.config_token

    @property
    def signing_secret(self) -> str:
        return self.install.signing_secret

    @property
    def team_id(self) -> str:
        return self.workspace.team_id

    @property
    def bot_user_id(self) -> str:
        return self.install.bot_user

    def call(self, method: str, args: Json, token: str | None) -> Answer:
        """Call the Web API; returns HTTP status, headers, and the body's JSON."""
        return self.web_api.call(method, args, token, transport="in process")

    def respond(self, url: str, body: Json) -> None:
        """Post `body` to a response URL.

        Raises:
            SlackError: see `sandbox.delivery.response_urls.AppResponses.respond`.
        """
        self._runtime.responses.respond(url.rpartition("/")[2], body)

    def deliver_with(self, deliverer: Deliverer | None) -> None:
        """Deliver by a function of this process; None makes the app unreachable."""
        self._runtime.dispatcher.transport = by_function(deliverer) if deliverer else None

    def deliver_to(self, url: str, *, verify: bool = True) -> HttpDelivery:
        """Deliver by signed HTTP to the app's address, instead of Socket Mode.

        Signatures carry the time of the workspace's clock; a held clock must be near the app's.

        Args:
            url: where commands, interactions and events go.
            verify: ask the address for ``url_verification`` first, as Slack does for events.

        Returns:
            The delivery; its `sent` requests can be sent again, as they are or signed otherwise.

        Raises:
            SandboxError: `url` is not a URL, or the app does not return the challenge; deliveries
                then stay as they were.
        """
        http = HttpDelivery(url, self.install, self.workspace.clock)
        try:
            if verify:
                self._verify(http)
        except BaseException:
            http.close()
            raise
        self._http_deliveries.append(http)
        self._runtime.dispatcher.transport = http.deliver
        return http

    def calls(self, method: str) -> list[Traffic]:
        """Return the recorded calls of one Web API method, oldest first."""
        entries = self.traffic.entries()
        return [e for e in entries if e.flow is Flow.TO_SLACK and e.name == method]

    def close(self) -> None:
        """Wait for pending events, and save the workspace.

        Nothing is delivered or saved afterwards.
        """
        self._runtime.close()
        for http in self._http_deliveries:
            http.close()
        if self._persister is not None:
            self._persister.close()

    def _verify(self, http: HttpDelivery) -> None:
        body, deliver = self._runtime.payloads.challenge(), self._runtime.dispatcher.deliver
        problem = "another answer"
        try:
            answer = deliver(body, "events_api", "url_verification", transport=http.deliver)
            if answers_challenge(answer, body["challenge"]):
                return
        except NotAcknowledged as error:
            problem = error.code
        raise SandboxError(
            f"{http.url} did not answer with the value of the challenge parameter: {problem}"
        )
