"""Slack answers slowly, or everybody asks at once: whoever presses is answered all the same.

The program works for a practice Slack that takes six seconds for each message. Requests are sent as
Slack sends them, and only their acknowledgements are looked at.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness.at_work import World, at_work, unchanged
from tests.e2e.harness.flood import Answered, bodies, send_by_http, send_by_socket
from tests.e2e.harness.program import CHANNEL, eventually

pytestmark = [pytest.mark.sockets, pytest.mark.load]

PEOPLE = {"bob": ("Bob", "admin"), "carol": ("Carol", "member")}
DELIVERIES, SLOW_SECONDS = 200, 6.0
ACKNOWLEDGED_WITHIN = 1.0
FLOOD, ROUNDS = 1_000, 3
# Those that acknowledge, their listeners, and those of the server, the gateway and the worker.
FEW_THREADS = 150
GROWTH = 20_000_000
LOG = {"APIKEYS_LOG_LEVEL": "INFO"}
# Slack's own limit, after which the person sees an error.
AT_LAST = 3.0


@pytest.fixture(params=[False, True], ids=["by-socket", "by-http"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with at_work(tmp_path, PEOPLE, page=False, http=request.param, before=unchanged, **LOG) as made:
        made.makes_key("Warm, staging", Scopes=["read"])
        yield made


class Requests:
    """What Bob sent once, to be sent again with other contents."""

    def __init__(self, world: World) -> None:
        self._world = world
        sent = {entry.name: entry.sent for entry in world.slack.traffic.entries()}
        self._submission, self._command = sent["view_submission"], sent["slash_commands"]

    def creates(self, number: int) -> float:
        """Submit a form for another key; seconds until it was acknowledged."""
        body = copy.deepcopy(self._submission)
        payload = json.loads(body["view"]["private_metadata"])
        body["view"]["private_metadata"] = json.dumps(payload | {"request": f"req_slow{number:08}"})
        for block, elements in body["view"]["state"]["values"].items():
            if block.startswith("name"):
                elements["value"]["value"] = f"Slow {number}, staging"
        answer, seconds = self._sent(body, "interactive")
        assert f"Slow {number}" in json.dumps(answer), answer
        return seconds

    def types(self, text: str) -> tuple[str, float]:
        """Type the command; what was seen at once, and the seconds until it was."""
        body = {**self._command, "text": text, "api_app_id": f"A{time.monotonic_ns()}"}
        answer, seconds = self._sent(body, "slash_commands")
        return json.dumps(answer), seconds

    def _sent(self, body: dict[str, Any], kind: str) -> tuple[Any, float]:
        started = time.perf_counter()
        answer = self._world.slack._runtime.dispatcher.deliver(body, kind, "again")
        return answer, time.perf_counter() - started


def test_while_two_hundred_tokens_are_delivered_everybody_else_is_answered(world: World) -> None:
    requests = Requests(world)
    world.slack.faults.slow("chat.postMessage", seconds=SLOW_SECONDS, times=DELIVERIES)
    with ThreadPoolExecutor(20) as pool:
        created = list(pool.map(requests.creates, range(DELIVERIES)))
    others = [requests.types("list") for _ in range(20)]
    under_way = sum(call.status is None for call in world.slack.calls("chat.postMessage"))
    assert under_way > DELIVERIES / 2
    assert all("API keys" in answer for answer, _ in others)
    assert max(seconds for _, seconds in others) < ACKNOWLEDGED_WITHIN
    assert max(created) < AT_LAST
    eventually(lambda: f"{DELIVERIES + 1} keys" in requests.types("list")[0], "every token")


def test_of_a_thousand_commands_at_once_each_is_answered(world: World) -> None:
    bob, memory, last, threads, came_later = world.slack.person("bob"), [], [], 0, 0
    before = bob.goes_to(CHANNEL).screen().count("1 key")
    for _ in range(ROUNDS):
        answers = flood(world, FLOOD)
        threads = max(threads, world.program.threads)
        memory.append(world.program.resident_bytes)
        listed = sum("1 key" in answer.text for answer in answers)
        busy = sum("The app is busy, and nothing was changed." in a.text for a in answers)
        # The acknowledgement did not wait for the list, which comes by the response URL.
        later = sum(not answer.text for answer in answers)
        assert listed + busy + later == FLOOD
        assert listed > 0
        came_later += later
        last.append(max(answer.seconds for answer in answers))
    eventually(lambda: bob.screen().count("1 key") == before + came_later, "what came later")
    # In one of the rounds the machine may have been busy with something else.
    assert sorted(last)[ROUNDS // 2] < AT_LAST
    assert threads < FEW_THREADS
    assert memory[-1] - memory[0] < GROWTH
    # Whoever comes afterwards is answered as ever.
    (after,) = flood(world, 1)
    assert "1 key" in after.text
    assert after.seconds < ACKNOWLEDGED_WITHIN


def flood(world: World, count: int) -> list[Answered]:
    team = world.slack.workspace.channel_named(CHANNEL)
    assert team is not None
    sent = bodies(world.slack, world.slack.person("bob").id, team.id, count)
    if world.app:
        return send_by_http(world.slack, world.app, sent)
    return send_by_socket(world.slack, sent)
