"""The practice Slack over real sockets, with a real Slack Bolt app in Socket Mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from slack_bolt import BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient
from websockets.sync.client import connect

from bot.server.closing import close
from sandbox.base.errors import NotRunningError
from sandbox.delivery.faults import DisconnectReason
from sandbox.sandbox import Sandbox
from tests.sandbox.page.demo_app import MANIFEST, TOKEN, Demo
from tests.waiting import waits_until

pytestmark = pytest.mark.sockets


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as slack:
        yield slack


@pytest.fixture
def demo(slack: Sandbox) -> Iterator[Demo]:
    with connected(slack) as (demo, _):
        yield demo


@contextmanager
def connected(
    slack: Sandbox, ping_interval: float = 10
) -> Iterator[tuple[Demo, SocketModeHandler]]:
    """The app with an open socket, and what holds it."""
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    demo = Demo(client, slack.signing_secret)
    handler = SocketModeHandler(demo.app, slack.app_token, ping_interval=ping_interval)
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt has no types for it
    yield demo, handler
    close(handler)


def has_opened(slack: Sandbox, sockets: int) -> bool:
    return len(slack.calls("apps.connections.open")) == sockets


def test_from_a_command_to_a_token_over_a_web_socket(slack: Sandbox, demo: Demo) -> None:
    alice = slack.add_person("alice", role="admin")
    alice.types("/keys new").sees("New key")
    alice.fills(name="Test", scopes=["read"], owner=alice).submits().sees("says little")
    alice.fills(name="Zapier, production").submits().sees("is ready")
    assert alice.dm.token() == TOKEN
    alice.presses("I've stored it").person.sees("Removed after it was stored.").never_sees(TOKEN)


def test_a_response_url_redraws_the_list(slack: Sandbox, demo: Demo) -> None:
    alice = slack.add_person("alice")
    alice.types("/keys list").sees("Export job")
    alice.enters("zap", into="Search")
    changed = slack.workspace.changed
    with changed:
        assert changed.wait_for(lambda: "Export job" not in alice.screen(), 5)
    alice.sees("Zapier, production")


def test_the_home_is_published_when_it_is_opened(slack: Sandbox, demo: Demo) -> None:
    slack.add_person("alice").opens_home().sees("Your keys")


def test_without_a_socket_the_app_cannot_be_reached(slack: Sandbox) -> None:
    slack.add_person("alice").types("/keys list").sees('failed with the error "dispatch_failed"')


def test_an_address_for_a_socket_needs_the_app_level_token(slack: Sandbox) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        client.apps_connections_open(app_token=slack.bot_token)
    opened = client.apps_connections_open(app_token=slack.app_token)
    assert opened["url"].startswith("ws://127.0.0.1:")


def test_an_unknown_response_url_is_not_found(slack: Sandbox) -> None:
    answer = WebhookClient(f"{slack.url}response/none").send(text="Hi")
    assert (answer.status_code, answer.body) == (404, "expired_url")


def test_a_stopped_one_has_no_address() -> None:
    slack = Sandbox(MANIFEST)
    with pytest.raises(NotRunningError):
        slack.api_url  # noqa: B018  # it is the asking that fails
    slack.close()


@pytest.mark.parametrize("reason", ["refresh_requested", "link_disabled"])
def test_a_forced_reconnect_is_survived(
    slack: Sandbox, demo: Demo, reason: DisconnectReason
) -> None:
    alice = slack.add_person("alice")
    alice.types("/keys list").sees("Export job")
    slack.faults.disconnect(reason)
    slack.wait_for_app()
    alice.reloads().types("/keys list").sees("Export job")
    assert len(slack.calls("apps.connections.open")) == 2


def test_who_was_only_warned_misses_nothing(slack: Sandbox, demo: Demo) -> None:
    alice = slack.add_person("alice")
    for opened in (2, 3, 4):
        slack.faults.disconnect("warning")
        alice.types("/keys list").sees("Export job").reloads()
        waits_until(partial(has_opened, slack, opened))
        alice.types("/keys list").sees("Export job").reloads()


def test_a_lost_event_is_retried_over_the_socket(slack: Sandbox, demo: Demo) -> None:
    heard: list[list[str]] = []

    @demo.app.use
    def note(request: BoltRequest, next: Callable[[], None]) -> None:
        heard.append(
            [*request.headers["x-slack-retry-num"], *request.headers["x-slack-retry-reason"]]
        )
        next()

    slack.faults.drop_next_delivery()
    alice = slack.add_person("alice")
    alice.opens_home().sees("Your keys")
    assert heard == [["1", "timeout"]]


def test_a_stalled_socket_times_out_with_slacks_words(
    slack: Sandbox, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.delivery.dispatcher.ACK_SECONDS", 0.2)
    alice = slack.add_person("alice")
    slack.faults.stall_socket()
    alice.types("/keys list").sees('failed with the error "operation_timeout"')
    slack.faults.stall_socket(stalled=False)
    monkeypatch.undo()
    alice.types("/keys list").sees("Export job")


def test_a_stalled_socket_answers_no_ping(slack: Sandbox) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    address = client.apps_connections_open(app_token=slack.app_token)["url"]
    with connect(address) as socket:
        slack.wait_for_app()
        assert socket.ping().wait(5)
        slack.faults.stall_socket()
        ping = socket.ping()
        assert not ping.wait(0.2)
        slack.faults.stall_socket(stalled=False)
        assert ping.wait(5)


def test_a_delivery_to_an_app_known_to_be_dead_times_out_at_once(
    slack: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("dispatcher", "socket_mode"):
        monkeypatch.setattr(f"sandbox.delivery.{module}.ACK_SECONDS", 600.0)
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    address = client.apps_connections_open(app_token=slack.app_token)["url"]
    alice = slack.add_person("alice")
    with connect(address) as socket, ThreadPoolExecutor(1) as typing:
        slack.wait_for_app()
        typed = typing.submit(alice.types, "/keys list")
        while "slash_commands" not in str(socket.recv()):  # after Slack's greeting
            pass
        slack.faults.time_out()
        typed.result(30)
    assert "operation_timeout" in alice.screen()


def test_an_app_that_watches_its_pings_leaves_a_stalled_socket(slack: Sandbox) -> None:
    with connected(slack, ping_interval=0.2) as (_, handler):
        session = handler.client.current_session
        assert session is not None
        waits_until(lambda: session.last_ping_pong_time is not None)
        slack.faults.stall_socket()
        waits_until(partial(has_opened, slack, 2), 20)
        waits_until(lambda: handler.client.current_session is not session)
        slack.add_person("alice").types("/keys list").sees("Export job")
