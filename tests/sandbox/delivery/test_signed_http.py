"""Deliveries by signed HTTP, to a real Slack Bolt app and to servers that misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.base.clock import HeldClock
from sandbox.base.errors import SandboxError
from sandbox.delivery.signed_http import HttpDelivery
from sandbox.sandbox import Sandbox
from sandbox.state.models import Flow, Traffic
from sandbox.users.user import User
from tests.sandbox.bolt_over_http import answering, bolt
from tests.sandbox.page.demo_app import MANIFEST, TOKEN, Demo, list_blocks

pytestmark = pytest.mark.sockets


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as slack:
        yield slack


@pytest.fixture
def demo(slack: Sandbox) -> Demo:
    return Demo(WebClient(token=slack.bot_token, base_url=slack.api_url), slack.signing_secret)


@pytest.fixture
def http(slack: Sandbox, demo: Demo) -> Iterator[HttpDelivery]:
    with answering(bolt(demo.app)) as url:
        yield slack.deliver_to(url)


@pytest.fixture
def alice(slack: Sandbox) -> User:
    return slack.add_person("alice", role="admin")


class Told:
    """An app that records its events, and always answers the same."""

    def __init__(self, answer: Response) -> None:
        self.requests: list[tuple[Request, bytes]] = []
        self._answer = answer
        self._changed = threading.Condition()

    def __call__(self, request: Request, body: bytes) -> Response:
        with self._changed:
            self.requests.append((request, body))
            self._changed.notify_all()
        return self._answer

    def waits_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) == count, 5)

    def headers(self, name: str) -> list[str | None]:
        return [request.headers.get(name) for request, _ in self.requests]


def told(slack: Sandbox, name: str) -> list[Traffic]:
    return [e for e in slack.traffic.entries() if e.flow is Flow.TO_APP and e.name == name]


class TestWithBolt:
    def test_from_a_command_to_a_token(self, alice: User, http: HttpDelivery, demo: Demo) -> None:
        alice.types("/keys new").sees("New key")
        alice.fills(name="Test", scopes=["read"], owner=alice).submits().sees("says little")
        alice.fills(name="Zapier, production").submits().sees("is ready")
        assert alice.dm.token() == TOKEN
        alice.presses("I've stored it").person.sees("Removed after it was stored.")
        assert dict(demo.told)["submitted"]["name"]["value"] == "Zapier, production"

    def test_events_arrive(self, alice: User, http: HttpDelivery) -> None:
        alice.opens_home().sees("Your keys")

    def test_the_address_is_asked_first(self, slack: Sandbox, http: HttpDelivery) -> None:
        asked = json.loads(http.sent[0].content)
        assert asked["type"] == "url_verification"
        (entry,) = told(slack, "url_verification")
        assert (entry.status, entry.answered) == (200, {"challenge": asked["challenge"]})

    def test_forged_old_and_changed_requests_are_refused(
        self, slack: Sandbox, alice: User, http: HttpDelivery, demo: Demo
    ) -> None:
        alice.types("/keys list").sees("Export job")
        request, now = http.sent[-1], slack.workspace.clock.now()
        assert request.send().status_code == 200
        refused = (
            request.signed("not the secret", now),
            request.signed(slack.signing_secret, now - 301),
            replace(request, content=request.content + b"&text=all"),
        )
        assert [r.send().status_code for r in refused] == [401, 401, 401]
        assert demo.told == [("command", "list"), ("command", "list")]

    def test_what_the_app_does_not_know_is_an_error(self, alice: User, http: HttpDelivery) -> None:
        alice.types("/standup").sees('failed with the error "http_service_error"')


class TestWhatAnAppMayAnswer:
    @pytest.mark.parametrize(
        ("answer", "seen"),
        [
            (PlainTextResponse("Good morning"), "Good morning"),
            (JSONResponse({"text": "Keys", "blocks": list_blocks()}), "Export job"),
            (Response(status_code=204), ""),
            (JSONResponse({"text": ""}), "invalid_command_response"),
            (Response("{", media_type="application/json"), "http_service_error"),
            (PlainTextResponse("Oh", status_code=500), "http_service_error"),
            (Response(status_code=302, headers={"Location": "/"}), "http_service_error"),
        ],
    )
    def test_to_a_command(self, slack: Sandbox, alice: User, answer: Response, seen: str) -> None:
        with answering(lambda request, body: answer) as url:
            slack.deliver_to(url, verify=False)
            alice.types("/keys list").sees(seen)
        (entry,) = told(slack, "slash_commands")
        assert entry.status == (200 if answer.status_code < 300 else answer.status_code)

    def test_a_server_that_is_not_there(self, slack: Sandbox, alice: User) -> None:
        with answering(lambda request, body: Response()) as url:
            pass
        slack.deliver_to(url, verify=False)
        alice.types("/keys list").sees('failed with the error "dispatch_failed"')

    def test_a_server_that_hangs(
        self, slack: Sandbox, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sandbox.delivery.dispatcher.ACK_SECONDS", 0.2)
        free = threading.Event()

        def hang(request: Request, body: bytes) -> Response:
            free.wait(10)
            return Response()

        with answering(hang) as url:
            slack.deliver_to(url, verify=False)
            alice.types("/keys list").sees('failed with the error "operation_timeout"')
            free.set()


class TestTheChallenge:
    @pytest.mark.parametrize("form", ["text", "form", "json"])
    def test_it_may_come_back_in_three_ways(self, slack: Sandbox, form: str) -> None:
        def answer(request: Request, body: bytes) -> Response:
            challenge = json.loads(body)["challenge"]
            if form == "json":
                return JSONResponse({"challenge": challenge})
            return PlainTextResponse(challenge if form == "text" else f"challenge={challenge}")

        with answering(answer) as url:
            assert slack.deliver_to(url).url == url

    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            (PlainTextResponse("ok"), "another answer"),
            (JSONResponse({}), "another answer"),
            (Response(status_code=404), "http_service_error"),
        ],
    )
    def test_an_address_that_fails_it_is_not_used(
        self, slack: Sandbox, alice: User, answer: Response, problem: str
    ) -> None:
        with answering(lambda request, body: answer) as url:
            with pytest.raises(SandboxError, match=problem):
                slack.deliver_to(url)
            alice.types("/keys list").sees("dispatch_failed")

    @pytest.mark.parametrize(
        "url", ["", "localhost", "ws://localhost/", "http://:80", "http://:x/"]
    )
    def test_what_is_no_address_is_refused(self, slack: Sandbox, url: str) -> None:
        with pytest.raises(SandboxError, match="is not a URL"):
            slack.deliver_to(url)


class TestFaults:
    def test_a_lost_command_times_out(
        self, slack: Sandbox, alice: User, http: HttpDelivery
    ) -> None:
        slack.faults.drop_next_delivery()
        alice.types("/keys list").sees("operation_timeout")
        assert len(http.sent) == 1

    def test_a_doubled_command_arrives_twice(
        self, slack: Sandbox, alice: User, http: HttpDelivery, demo: Demo
    ) -> None:
        slack.faults.double_next_delivery()
        alice.types("/keys list").sees("Export job")
        assert demo.told == [("command", "list")] * 2

    def test_a_late_command_times_out(
        self,
        slack: Sandbox,
        alice: User,
        http: HttpDelivery,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sandbox.delivery.dispatcher.ACK_SECONDS", 0.1)
        slack.faults.slow_next_delivery(0.5)
        alice.types("/keys list").sees("operation_timeout")


class TestEventsAreToldAgain:
    @pytest.fixture
    def clock(self) -> HeldClock:
        return HeldClock()

    @pytest.fixture
    def slack(self, clock: HeldClock) -> Iterator[Sandbox]:
        with Sandbox(MANIFEST, clock=clock) as slack:
            yield slack

    def test_three_times_at_once_after_a_minute_and_after_five(
        self, slack: Sandbox, alice: User, clock: HeldClock
    ) -> None:
        app, start = Told(Response(status_code=503)), clock.now()
        with answering(app) as url:
            slack.deliver_to(url, verify=False)
            alice.opens_home()
            app.waits_for(2)
            clock.advance(59)
            clock.advance(1)
            app.waits_for(3)
            clock.advance(300)
            app.waits_for(4)
            clock.advance(10_000)
            slack.close()
        assert app.headers("X-Slack-Retry-Num") == [None, "1", "2", "3"]
        assert app.headers("X-Slack-Retry-Reason") == [None, *["http_error"] * 3]
        stamps = [int(stamp or 0) - start for stamp in app.headers("X-Slack-Request-Timestamp")]
        assert stamps == [0, 0, 60, 360]
        assert len({json.loads(body)["event_id"] for _, body in app.requests}) == 1
        assert [entry.status for entry in told(slack, "app_home_opened")] == [503] * 4
