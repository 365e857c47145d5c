"""One of two gateway processes is killed under load: the other goes on, and people are told."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from cli.bootstrap.application import open_application
from keys.base import accounts
from keys.base.actors import Actor
from keys.base.ids import new_id
from keys.base.models import KeyRequest
from keys.changes import propagation
from keys.changes.change import change
from keys.lifecycle.create import activate_key, create_pending_key
from keys.lifecycle.revoke import revoke_key
from settings import Settings
from storage import writing
from tests.e2e.harness.program import Program, asks, database_settings, free_port

pytestmark = pytest.mark.sockets
ME = Actor.operator("op@host")


def test_whoever_revokes_is_told_which_gateway_is_silent_and_the_others_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        programs = [
            stack.enter_context(
                Program(
                    tmp_path / f"gateway-{port}",
                    {
                        "APIKEYS_HOME": str(tmp_path / "home"),
                        "APIKEYS_GATEWAY_LISTEN": f"127.0.0.1:{port}",
                    },
                    only="gateway",
                )
            )
            for port in ports
        ]
        for program in programs:
            program.waits_until_it_says("The gateway listens")
        home = tmp_path / "home"
        for name, value in ({"APIKEYS_HOME": str(home)} | database_settings(home)).items():
            monkeypatch.setenv(name, value)
        application = open_application(Settings())
        stack.callback(application.close)
        with writing(application.engine) as session:
            account = accounts.the_only(session, application.clock.now())
        services = application.services(account)
        request = KeyRequest("Zapier, production", ("read",), None, new_id("req"))
        with change(services, ME) as pending:
            made = create_pending_key(pending, request, ME, timedelta(minutes=1))
        with change(services, ME) as activated:
            activate_key(activated, made.delivery_id, None)
        token = made.token.reveal()
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        assert [asks(url, token) for url in urls] == [204, 204]

        seen: list[int] = []
        stop = threading.Event()

        def load() -> None:
            while not stop.is_set():
                seen.append(asks(urls[0], token))

        loading = threading.Thread(target=load)
        loading.start()
        programs[1].kill()
        with pytest.raises(httpx.TransportError):
            while True:
                asks(urls[1], token)
        with change(services, ME) as revoked:
            revoke_key(revoked, made.key.id)
        assert revoked.effects.fence is not None
        spread = propagation.watch(
            application.engine,
            application.clock,
            revoked.effects.fence,
            for_seconds=1.0,
            since=application.clock.monotonic(),
        )
        assert asks(urls[0], token) == 401
        stop.set()
        loading.join()
        assert spread.running == 2
        assert spread.waiting == (f"{socket.gethostname()}:{ports[1]}",)
        assert set(seen) <= {204, 401}
        assert seen == sorted(seen)  # let in, then refused, and never again let in
        programs[0].stop()
