"""What was sent before is refused: a request that is replayed, an event that comes again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from slack_bolt import BoltRequest
from slack_sdk.signature import SignatureVerifier
from sqlmodel import select

from bot.app import build
from bot.server.replay_protection import Events
from keys.jobs import replay_guard
from storage import reading
from storage.tables import ProcessedRequest
from tests.bot.harness.listening import Bench
from tests.bot.harness.working import worker

SECRET = "a signing secret"
COMMAND = urlencode(
    {
        "command": "/apikeys", "text": "list", "user_id": "U0ALICE", "team_id": "T0ACME",
        "trigger_id": "t", "response_url": "https://slack.invalid/r",
    }
)  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.app.listener_runner.listener_executor.shutdown()
    made.app = build(made.context, bot_token="xoxb-1", signing_secret=SECRET)
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def request(body: str, stamp: int | None = None) -> BoltRequest:
    at = str(stamp or int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=at, body=body)
    headers = {
        "X-Slack-Request-Timestamp": [at],
        "X-Slack-Signature": [str(signature)],
        "Content-Type": ["application/x-www-form-urlencoded"],
    }
    return BoltRequest(body=body, headers=headers)  # type: ignore[arg-type]


def test_a_request_is_taken_once_also_by_another_bot(bench: Bench) -> None:
    now = int(time.time())
    assert bench.app.dispatch(request(COMMAND, now)).status == 200
    assert bench.app.dispatch(request(COMMAND, now)).status == 401
    other = build(bench.context, bot_token="xoxb-1", signing_secret=SECRET)
    assert other.dispatch(request(COMMAND, now)).status == 401
    # The same words, typed again a second later, are another request.
    assert other.dispatch(request(COMMAND, now - 1)).status == 200
    other.listener_runner.listener_executor.shutdown()


def test_what_is_not_signed_leaves_no_trace(bench: Bench) -> None:
    forged = request(COMMAND)
    forged.headers["x-slack-signature"] = ["v0=" + "0" * 64]
    assert bench.app.dispatch(forged).status == 401
    old = request(COMMAND, int(time.time()) - 301)
    assert bench.app.dispatch(old).status == 401
    with reading(bench.domain.engine) as session:
        assert session.exec(select(ProcessedRequest)).all() == []


def test_what_could_not_be_replayed_any_more_is_forgotten(bench: Bench) -> None:
    bench.app.dispatch(request(COMMAND))
    domain = bench.domain
    following = worker(domain.services, bench.context.slack)
    domain.clock.move(replay_guard.KEPT - timedelta(seconds=1))
    following.run_once()
    with reading(domain.engine) as session:
        assert len(session.exec(select(ProcessedRequest)).all()) == 1
    domain.clock.move(replay_guard.KEPT)
    following.run_once()
    with reading(domain.engine) as session:
        assert session.exec(select(ProcessedRequest)).all() == []


def test_an_event_that_slack_delivers_again_is_done_once(bench: Bench) -> None:
    bench.calls.replies["views.publish"] = [{"view": {"id": "V9", "hash": "h1"}}]
    event = {"type": "app_home_opened", "user": "U0ALICE", "channel": "D1", "tab": "home"}
    for id_, expected in (("Ev1", 1), ("Ev1", 1), ("Ev2", 2)):
        body = {"type": "event_callback", "event_id": id_, "team_id": "T0ACME", "event": event}
        bench.app.dispatch(BoltRequest(mode="socket_mode", body=body))
        bench.settle()
        assert bench.calls.methods().count("views.publish") == expected


def test_events_are_forgotten_when_there_are_too_many() -> None:
    events = Events(most=2)
    assert [events.first(id_) for id_ in ("a", "b", "a", "c", "a", "", "")] == [
        True, True, False, True, True, True, True,
    ]  # fmt: skip
