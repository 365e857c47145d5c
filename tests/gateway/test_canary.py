"""No token reaches any log, wherever a caller puts it."""

from __future__ import annotations

import http.client
import json
import logging
import socket
from collections.abc import Iterator

import pytest

from keys.base.errors import StorageUnavailable
from keys.credentials import tokens
from keys.credentials.verification import Refused, Verified
from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import Answer, Harness, verified

pytestmark = pytest.mark.sockets
CANARY = tokens.make("ak")
TEXT = CANARY.reveal()


def _defect() -> Verified | Refused:
    raise RuntimeError(f"no row for {TEXT}")


def _down() -> Verified | Refused:
    raise StorageUnavailable(f"while looking for {TEXT}")


@pytest.fixture(params=["unknown", "known", "down", "defect"])
def running(request: pytest.FixtureRequest, harness: Harness) -> Iterator[Running]:
    answers: dict[str, Answer] = {
        "known": verified("Reader", "read"),
        "down": _down,
        "defect": _defect,
    }
    if request.param in answers:
        harness.verifier.answers[TEXT] = answers[request.param]
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _everything_is_logged() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    root.setLevel(1)
    yield
    root.setLevel(before)


REQUESTS: list[tuple[str, str, dict[str, str], bytes]] = [
    ("GET", "/authz", {"Authorization": f"Bearer {TEXT}"}, b""),
    ("GET", "/authz", {"Authorization": f'Bearer "{TEXT}"'}, b""),
    ("GET", "/authz", {"Authorization": f"Bearer Bearer {TEXT}"}, b""),
    ("GET", "/authz", {"Authorization": f"Basic {TEXT}"}, b""),
    ("GET", "/authz", {"Authorization": TEXT}, b""),
    ("GET", "/authz", {"Authorization": f"Bearer {TEXT[:-1]}"}, b""),
    ("GET", "/authz", {"Authorization": f"Bearer {TEXT}{TEXT}"}, b""),
    ("GET", "/authz", {"X-API-Key": TEXT}, b""),
    ("POST", "/authz", {"X-API-Key": TEXT, "X-Original-Method": "POST"}, TEXT.encode()),
    ("GET", "/authz", {"X-API-Key": TEXT, "X-Original-Method": TEXT}, b""),
    ("GET", "/authz", {"X-API-Key": TEXT, "Authorization": "Bearer other"}, b""),
    ("GET", "/authz", {"X-Forwarded-For": TEXT, "X-Original-URI": f"/a?key={TEXT}"}, b""),
    ("GET", "/authz", {"Cookie": f"key={TEXT}", "User-Agent": TEXT, "Referer": TEXT}, b""),
    ("GET", "/authz", {"X-Filler": TEXT * 800}, b""),
    ("GET", f"/authz?token={TEXT}", {}, b""),
    ("GET", f"/authz?scope={TEXT}", {"X-API-Key": TEXT}, b""),
    ("GET", f"/{TEXT}", {}, b""),
    (TEXT, "/healthz", {}, b""),
    ("POST", "/healthz", {}, TEXT.encode()),
    ("GET", f"/readyz?{TEXT}", {}, b""),
    ("POST", "/v1/keys:verify", {}, json.dumps({"token": TEXT}).encode()),
    ("POST", "/v1/keys:verify", {}, json.dumps({"token": TEXT, "scope": "write"}).encode()),
    ("POST", "/v1/keys:verify", {}, json.dumps({"token": TEXT, "scope": TEXT}).encode()),
    ("POST", "/v1/keys:verify", {}, json.dumps({TEXT: TEXT}).encode()),
    ("POST", "/v1/keys:verify", {}, json.dumps({"token": [TEXT]}).encode()),
    ("POST", "/v1/keys:verify", {}, b'{"token": "' + TEXT.encode()),
    ("POST", "/v1/keys:verify", {"Content-Type": TEXT}, TEXT.encode()),
]


def test_no_token_in_any_log_nor_in_any_answer(
    running: Running, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.handler.setLevel(1)
    answered = b""
    for method, target, headers, body in REQUESTS:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
        sent = {"Content-Type": "application/json", **headers}
        connection.request(method, target, body=body or None, headers=sent)
        response = connection.getresponse()
        answered += str(response.getheaders()).encode() + response.read()
        connection.close()
    with socket.create_connection(("127.0.0.1", running.port), 10) as raw:
        raw.sendall(f"{TEXT} {TEXT}\r\n\r\n".encode())
        answered += raw.recv(10_000)
    running.stop()
    printed = "".join(capfd.readouterr())
    logged = "".join(str(vars(record)) for record in caplog.records) + caplog.text
    assert "refused" in logged
    for place in (logged, printed, answered.decode("latin-1")):
        assert CANARY.secret not in place
        assert CANARY.secret[:12] not in place
        assert TEXT not in place
