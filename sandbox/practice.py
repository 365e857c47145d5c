"""The practice Slack put together: a workspace, an app installed in it, and people."""

from pathlib import Path
from typing import Self

from sandbox.clock import Clock, SystemClock
from sandbox.delivering import Deliverer, NotAcknowledged, by_function
from sandbox.errors import SandboxError
from sandbox.faults import Faults
from sandbox.hands import Hands
from sandbox.http_delivery import HttpDelivery, answers_challenge
from sandbox.ids import new_id
from sandbox.install import Install
from sandbox.manifest import read_manifest
from sandbox.model import Account, Channel, ChannelKind, Flow, Json, Role, Traffic, Usergroup
from sandbox.people import Person
from sandbox.server import Server
from sandbox.socket_mode import SocketMode
from sandbox.traffic import TrafficLog
from sandbox.triggers import Triggers
from sandbox.webapi import Answer, WebApi
from sandbox.webapi.shapes import account_json
from sandbox.wiring import wire
from sandbox.workspace import Workspace

GENERAL = "general"


class PracticeSlack:
    """A practice Slack: started, it serves over the network.

    It delivers by Socket Mode, or with `deliver_to` by signed HTTP. Without starting, it works
    inside this process: `call` is the Web API, `respond` takes what a response URL takes, and
    `deliver_with` is the way back.

    Args:
        manifest: the app's manifest, as a file or as the values read from one.
        clock: the workspace's time; tests hold it.
        team_name, team_id: what the workspace is called; the id is made where None.
        host, port: where to serve once started; port 0 takes a free one.
        page: serve the page for browsers too, at `url`. One page can run in a process at a time.

    Raises:
        ManifestError: Slack would not take this manifest.
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
    ) -> None:
        read = read_manifest(manifest)
        time = clock or SystemClock()
        self.workspace = Workspace(read, time, team_id=team_id or new_id("T"), team_name=team_name)
        self.install = Install(scopes={*read.scopes, *read.optional_scopes})
        self.faults = Faults()
        self.traffic = TrafficLog(time)
        triggers = Triggers(time)
        sockets = SocketMode(self.install)
        self.faults.on_disconnect, self.faults.on_stall = sockets.disconnect, sockets.stall
        self._sockets = sockets
        self.web_api = WebApi(
            self.workspace,
            self.install,
            triggers,
            self.faults,
            self.traffic,
            connect=lambda: f"ws://{self._server.address}/link?ticket={sockets.ticket()}",
        )
        self._wiring = wire(
            self.workspace, self.install, triggers, self.faults, self.traffic, self._address
        )
        self._server = Server(self.web_api, self.respond, sockets, host, port)
        self._running = False
        self.hands = Hands(self._wiring)
        self._add_bot()
        self.add_channel(GENERAL)
        if page:
            self._server.add_page(self)

    # --- running ------------------------------------------------------------------------------

    def start(self) -> None:
        """Serve over the network, and deliver by Socket Mode unless told how. Once only."""
        self._server.start()
        self._running = True
        if self._wiring.courier.transport is None:
            self._wiring.courier.transport = self._sockets.deliver

    def stop(self) -> None:
        """Serve no more; waits for the events under way."""
        self.close()
        self._running = False
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for_app(self, within: float = 10) -> None:
        """Wait until the app has opened a socket.

        Raises:
            SandboxError: it has not within so many real seconds.
        """
        if not self._sockets.wait(within):
            raise SandboxError(f"the app opened no socket within {within} s")

    @property
    def url(self) -> str:
        """Where it is served, with a slash at the end. Raises NotRunningError when it is not."""
        return f"http://{self._server.address}/"

    @property
    def api_url(self) -> str:
        """The Web API's address for an SDK. Raises NotRunningError while it is stopped."""
        return f"{self.url}api/"

    def _address(self) -> str:
        """For response URLs, which need an address even where only `respond` takes them."""
        return self.url if self._running else "http://127.0.0.1:9/"

    # --- the app's side -----------------------------------------------------------------------

    @property
    def bot_token(self) -> str:
        return self.install.bot_token

    @property
    def app_token(self) -> str:
        return self.install.app_token

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
        """One call of the Web API: HTTP status, headers, and the body's JSON."""
        return self.web_api.call(method, args, token, transport="in process")

    def respond(self, url: str, body: Json) -> None:
        """What a POST to a response URL does.

        Raises:
            SlackError: see `sandbox.responding.Answers.respond`.
        """
        self._wiring.answers.respond(url.rpartition("/")[2], body)

    def deliver_with(self, deliverer: Deliverer | None) -> None:
        """Deliver by a function of this process; None: the app cannot be reached."""
        self._wiring.courier.transport = by_function(deliverer) if deliverer else None

    def deliver_to(self, url: str, *, verify: bool = True) -> HttpDelivery:
        """Deliver by signed HTTP to the app's address, instead of Socket Mode.

        Signatures carry the time of the workspace's clock; a held one must stand near the app's.

        Args:
            url: where commands, interactions and events go.
            verify: ask the address for ``url_verification`` first, as Slack does for events.

        Returns:
            What delivers; its `sent` requests can be sent again, as they are or signed otherwise.

        Raises:
            SandboxError: this is no address, or it does not give the challenge back; deliveries go
                on as before.
        """
        http = HttpDelivery(url, self.install, self.workspace.clock)
        if verify:
            self._verify(http)
        self._wiring.courier.transport = http.deliver
        return http

    def calls(self, method: str) -> list[Traffic]:
        """The recorded calls of one Web API method, oldest first."""
        entries = self.traffic.entries()
        return [e for e in entries if e.flow is Flow.TO_SLACK and e.name == method]

    def close(self) -> None:
        """Wait for the events under way; nothing is delivered afterwards."""
        self._wiring.close()

    # --- the workspace's side -----------------------------------------------------------------

    def add_person(self, name: str, *, role: str = "member", real_name: str = "") -> Person:
        """Add somebody, in #general like everybody.

        Args:
            name: the handle, such as ``alice``.
            role: one of `sandbox.model.Role`.

        Raises:
            SandboxError: the handle is taken.
            ValueError: there is no such role.
        """
        if self.workspace.account_named(name) is not None:
            raise SandboxError(f"there is a {name} already")
        kind = Role(role)
        team = self.workspace.other_team_id if kind is Role.OUTSIDER else self.team_id
        account = Account(
            new_id("U"),
            name,
            real_name or name.title(),
            f"{name}@example.com",
            team,
            kind,
            self.workspace.clock.now(),
            deleted=kind is Role.DEACTIVATED,
        )
        with self.workspace.change():
            self.workspace.accounts[account.id] = account
            self._channel(GENERAL).members.append(account.id)
        return self.person(name)

    def person(self, name: str) -> Person:
        """Somebody by handle. Raises SandboxError where there is nobody of this name."""
        account = self._account(name)
        return Person(self._wiring, self.hands, account.id, self._channel(GENERAL).id)

    def change_role(self, name: str, role: str) -> None:
        """Give somebody another role; the app is told by ``user_change``.

        Raises:
            SandboxError: there is nobody of this name, or they would change organisations.
            ValueError: there is no such role.
        """
        account, kind = self._account(name), Role(role)
        if Role.OUTSIDER in (account.role, kind) and account.role is not kind:
            raise SandboxError(f"{name} cannot change organisations")
        with self.workspace.change():
            account.role, account.deleted = kind, kind is Role.DEACTIVATED
            account.updated = self.workspace.clock.now()
            with_email = "users:read.email" in self.install.scopes
            user = account_json(self.workspace, self.install, account, with_email=with_email)
        self.workspace.emit({"type": "user_change", "user": user})

    def deactivate(self, name: str) -> None:
        """Deactivate somebody; see `change_role`."""
        self.change_role(name, "deactivated")

    def add_channel(
        self, name: str, *, members: list[str] | None = None, private: bool = False
    ) -> str:
        """Add a channel with these people (by handle) in it; returns its id.

        Raises:
            SandboxError: the name is taken, or one of the people is unknown.
        """
        if self.workspace.channel_named(name) is not None:
            raise SandboxError(f"there is a #{name} already")
        ids = [self._account(member).id for member in members or []]
        kind = ChannelKind.PRIVATE if private else ChannelKind.PUBLIC
        now = self.workspace.clock.now()
        channel = Channel(new_id("C"), name, kind, now, ids[0] if ids else "", ids)
        with self.workspace.change():
            self.workspace.channels[channel.id] = channel
        return channel.id

    def invite_app(self, channel: str) -> None:
        """Put the app into a channel, by its name; nothing happens when it is there already."""
        with self.workspace.change():
            members = self._channel(channel).members
            if self.bot_user_id not in members:
                members.append(self.bot_user_id)

    def add_usergroup(self, handle: str, members: list[str]) -> str:
        """Add a user group of these people (by handle); returns its id."""
        ids = [self._account(member).id for member in members]
        group = Usergroup(new_id("S"), handle, handle, ids, self.workspace.clock.now())
        with self.workspace.change():
            self.workspace.usergroups[group.id] = group
        return group.id

    def _verify(self, http: HttpDelivery) -> None:
        body, deliver = self._wiring.payloads.challenge(), self._wiring.courier.deliver
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

    def _add_bot(self) -> None:
        manifest = self.workspace.manifest
        name = manifest.bot_name or manifest.name
        handle = "".join(c for c in name.lower() if c.isalnum())
        now = self.workspace.clock.now()
        bot = Account(self.bot_user_id, handle, name, "", self.team_id, Role.BOT, now)
        self.workspace.accounts[bot.id] = bot

    def _account(self, name: str) -> Account:
        found = self.workspace.account_named(name)
        if found is None:
            raise SandboxError(f"there is nobody called {name}")
        return self.workspace.accounts[found.id]

    def _channel(self, name: str) -> Channel:
        found = self.workspace.channel_named(name)
        if found is None:
            raise SandboxError(f"there is no channel {name}")
        return self.workspace.channels[found.id]
