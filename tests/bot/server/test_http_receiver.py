"""Signed HTTP: what is signed gets through, and nothing else; slow answers hold nobody up."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import Clock, SignatureVerifier

from bot.server.http_receiver import BODY_MAX, PATH, receiver
from runtime.http_server import serve_in_thread

pytestmark = pytest.mark.sockets

SECRET = "a signing secret"
DEADLINE = 10
NOW = 1_795_000_000
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
KNOWN = st.sampled_from(
    [
        "type", "event", "team", "team_id", "user", "user_id", "enterprise", "authorizations",
        "actions", "view", "channel", "callback_id", "payload", "message", "container", "state",
        "action_id", "block_actions", "view_submission", "event_callback", "app_home_opened",
        "is_enterprise_install", "context", "response_urls", "bot_id", "item", "subtype",
    ]
)  # fmt: skip
COMMAND = urlencode({"command": "/hello", "text": "you", "user_id": "U1", "team_id": "T1"})


class Desk:
    """An app with one command, and a client that signs."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.before: Callable[[], None] = lambda: None
        app = App(
            signing_secret=SECRET,
            authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1"),
            token_verification_enabled=False,
        )
        app.command("/hello")(self._hello)
        self.app = app
        self.server = serve_in_thread(
            receiver(app, SECRET, threads=2, now=lambda: float(NOW)), "127.0.0.1", 0
        )
        self.client = httpx.Client(base_url=self.server.url, timeout=DEADLINE)

    def _hello(self, ack: Callable[[str], None], command: dict[str, str]) -> None:
        self.before()
        self.said.append(command["text"])
        ack("Hello")

    def signed(self, body: bytes, kind: str = FORM) -> dict[str, str]:
        """The headers of a signed request."""
        signed = hmac.new(SECRET.encode(), b"v0:%d:%b" % (NOW, body), hashlib.sha256)
        return {
            "X-Slack-Request-Timestamp": str(NOW),
            "X-Slack-Signature": f"v0={signed.hexdigest()}",
            "Content-Type": kind,
        }

    def raw(self, body: bytes, kind: str = FORM) -> tuple[int, str]:
        """Sends a body as it is, signed."""
        answer = self.client.post(PATH, content=body, headers=self.signed(body, kind))
        return answer.status_code, answer.text

    def send(self, body: str, *, secret: str = SECRET, age: float = 0.0) -> tuple[int, str]:
        stamp = str(int(NOW - age))
        signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
        headers = {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": str(signature),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self.client.post(PATH, content=body, headers=headers)
        return answer.status_code, answer.text


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    # The SDK looks at a clock of its own, and a second more or less counts here.
    monkeypatch.setattr(Clock, "now", lambda _: float(NOW))
    made = Desk()
    with made.client:
        yield made
    made.server.stop()
    made.app.listener_runner.listener_executor.shutdown()


def test_what_is_signed_is_answered(desk: Desk) -> None:
    assert desk.send(COMMAND) == (200, "Hello")
    assert desk.said == ["you"]


@pytest.mark.parametrize("age", [300.0, -300.0])
def test_what_is_just_young_enough_is_answered(desk: Desk, age: float) -> None:
    assert desk.send(COMMAND, age=age) == (200, "Hello")


@pytest.mark.parametrize("how", [{"secret": "another secret"}, {"age": 301.0}, {"age": -301.0}])
def test_forged_and_old_requests_are_refused(desk: Desk, how: dict[str, float]) -> None:
    status, text = desk.send(COMMAND, **how)  # type: ignore[arg-type]
    assert status == 401
    assert "Hello" not in text
    assert desk.said == []


def test_without_a_signature_nothing_is_looked_at(desk: Desk) -> None:
    assert desk.client.post(PATH, content=COMMAND).status_code == 401
    assert desk.client.get(PATH).status_code == 405
    assert desk.client.post("/elsewhere", content=COMMAND).status_code == 404
    assert desk.said == []


def test_bodies_are_bounded(desk: Desk) -> None:
    assert desk.send("a" * BODY_MAX)[0] != 413
    assert desk.send("a" * (BODY_MAX + 1)) == (413, "The body may be 1048576 bytes at most.")


def test_a_body_that_is_no_text_is_a_mistake_of_the_caller(desk: Desk) -> None:
    assert desk.client.post(PATH, content=b"\xff\xfe").status_code == 401
    assert desk.raw(b"\xff\xfe") == (400, "The body is not UTF-8 text.")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("payload=1", FORM),
        ("payload=", FORM),
        ("payload=%7B", FORM),
        (urlencode({"payload": "[" * 50_000}), FORM),
        (urlencode({"payload": "\ud800"}, errors="surrogatepass"), FORM),
        ("&".join(["a=b"] * 2_000), FORM),
        ("", JSON),
        ("[]", JSON),
        ("null", JSON),
        ('{"type":', JSON),
        ("[" * 100_000, JSON),
        ('{"a":' * 100_000, JSON),
        ("9" * 10_000, JSON),
        (COMMAND, JSON),
    ],
)
def test_a_signed_body_that_cannot_be_read_is_a_mistake_of_the_caller(
    desk: Desk, body: str, kind: str
) -> None:
    status, text = desk.raw(body.encode(), kind)
    assert status == 400
    assert text.startswith("The body is not")
    # Unsigned, it is not even looked at.
    assert desk.client.post(PATH, content=body, headers={"Content-Type": kind}).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": f"{NOW}.5"},
        {"X-Slack-Request-Timestamp": f"+{NOW}"},
        {"X-Slack-Request-Timestamp": f"{NOW} 0"},
        {"X-Slack-Request-Timestamp": "9" * 400},
        {"X-Slack-Request-Timestamp": "١٢٣"},
        {"X-Slack-Signature": "v0=ünsigned"},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v1=" + "0" * 64},
        {"X-Slack-Signature": ""},
    ],
)
def test_headers_that_slack_does_not_send_are_refused(desk: Desk, changes: dict[str, str]) -> None:
    sent = {**desk.signed(COMMAND.encode()), **changes}
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    assert desk.client.post(PATH, content=COMMAND, headers=headers).status_code == 401
    assert desk.said == []


def test_two_signatures_are_refused_even_if_one_is_right(desk: Desk) -> None:
    right = desk.signed(COMMAND.encode())
    headers = [*right.items(), ("X-Slack-Signature", "v0=" + "0" * 64)]
    assert desk.client.post(PATH, content=COMMAND, headers=headers).status_code == 401


TEXT = st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KNOWN | TEXT, inner, max_size=4),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.dictionaries(KNOWN | TEXT, VALUES, max_size=8), as_form=st.booleans())
def test_whatever_is_signed_is_answered_without_a_failure(
    desk: Desk, content: dict[str, object], as_form: bool
) -> None:
    text = json.dumps(content)
    body, kind = (urlencode({"payload": text}), FORM) if as_form else (text, JSON)
    status, _ = desk.raw(body.encode(), kind)
    assert status < 500


def test_the_address_is_confirmed_as_slack_asks(desk: Desk) -> None:
    body = '{"type": "url_verification", "challenge": "abc"}'
    stamp = str(NOW)
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": str(
            SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
        ),
        "Content-Type": "application/json",
    }
    assert desk.client.post(PATH, content=body, headers=headers).json() == {"challenge": "abc"}


def test_a_slow_answer_holds_nobody_up(desk: Desk) -> None:
    let_go, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert let_go.wait(DEADLINE)

    desk.before = wait
    statuses: list[int] = []
    slow = threading.Thread(target=lambda: statuses.append(desk.send(COMMAND)[0]))
    slow.start()
    assert begun.wait(DEADLINE)
    assert desk.client.get("/healthz").json() == {"status": "ok"}
    assert statuses == []
    let_go.set()
    slow.join(DEADLINE)
    assert statuses == [200]
