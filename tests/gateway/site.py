"""Real gateways on one database with real time, each with its own cache."""

from __future__ import annotations

import http.client
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cli.bootstrap.application import Application
from cli.bootstrap.gateway import assemble
from gateway.base.options import Options
from keys.base import accounts
from keys.base.actors import Actor
from keys.base.ids import new_id
from keys.base.models import KeyRequest, KeyView
from keys.changes import gateways, propagation
from keys.changes.change import Change, change
from keys.changes.propagation import Propagation
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import Token
from keys.inputs.limits import check_networks, check_rate
from keys.integrity.anchor import AnchorFile
from keys.lifecycle.create import activate_key, create_pending_key
from keys.lifecycle.revoke import revoke_key
from keys.lifecycle.update import limit_key
from runtime.clock import SystemClock
from runtime.http_server import Running, serve_in_thread
from storage import open_engine, writing
from tests.databases import open_migrated

ME = Actor.person("U0ALICE")
GATEWAYS = 3


class Site:
    """Gateways on one database, with real time."""

    def __init__(self, url: str, replica: str | None = None) -> None:
        engine, clock, peppers = open_migrated(url), SystemClock(), Peppers({1: b"p" * 32})
        read_from = open_engine(replica) if replica else None
        self.anchors = tempfile.TemporaryDirectory()
        anchors = AnchorFile(Path(self.anchors.name) / "anchor.json")
        self.application = Application(engine, engine, peppers, "ak", clock, anchors, read_from)
        with writing(engine) as session:
            self.account = accounts.connect(session, "T0ACME", "Acme", clock.now())
        self.services = self.application.services(self.account)
        self.gateways: list[Running] = []

    def open(self, count: int = GATEWAYS, options: Options | None = None) -> None:
        """Starts gateways."""
        for _ in range(count):
            name = f"gateway-{len(self.gateways) + 1}"
            app = assemble(self.application, options or Options(), name)
            self.gateways.append(
                serve_in_thread(app, "127.0.0.1", 0, fast_path=app.fast_path, limits=app.limits)
            )

    def close(self) -> None:
        """Stops everything."""
        for gateway in self.gateways:
            gateway.stop()
        self.application.close()
        self.anchors.cleanup()

    def issue(
        self,
        name: str = "Zapier, production",
        scopes: tuple[str, ...] = ("read",),
        owner: str | None = ME.id,
    ) -> tuple[KeyView, Token]:
        """A new key and its token."""
        request = KeyRequest(name, scopes, owner, new_id("req"))
        with change(self.services, ME) as pending:
            made = create_pending_key(pending, request, ME, timedelta(minutes=1))
        with change(self.services, ME) as activated:
            return activate_key(activated, made.delivery_id, None), made.token

    def revoke(self, key: KeyView) -> Propagation:
        """Revokes and waits until every gateway has confirmed."""
        with change(self.services, ME) as made:
            revoke_key(made, key.id)
        assert made.effects.fence
        return self._wait_for(made.effects.fence)

    def change(self, work: Callable[[Change], object]) -> Propagation:
        """Makes a change, and waits likewise, whether or not it is one that propagates."""
        with change(self.services, ME) as made:
            work(made)
            fence = made.effects.fence = made.effects.fence or gateways.new_fence()
        return self._wait_for(fence)

    def _wait_for(self, fence: str) -> Propagation:
        clock = self.application.clock
        return propagation.watch(
            self.application.engine, clock, fence, for_seconds=10, since=clock.monotonic()
        )

    def limit(self, key: KeyView, *networks: str, rate: str = "") -> None:
        """Holds a key to limits, and waits until every gateway knows."""
        networks, rate = check_networks(networks), check_rate(rate)
        propagation = self.change(
            lambda change: limit_key(change, key.id, rate_limit=rate, networks=networks)
        )
        assert propagation.everywhere

    def ask_all(self, token: Token) -> list[int]:
        """The statuses of one request at each gateway."""
        return [ask(gateway, token) for gateway in self.gateways]


def ask(gateway: Running, token: Token) -> int:
    """The status for one request with this token."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    headers = {"X-API-Key": token.reveal(), "X-Original-Method": "GET"}
    connection.request("GET", "/authz", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status
