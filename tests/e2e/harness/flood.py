"""Many slash commands at the same moment, over Socket Mode or signed HTTP, sent by one thread."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

from sandbox.delivery.dispatcher import Ack
from sandbox.delivery.signed_http import signature_of
from sandbox.sandbox import Sandbox
from sandbox.state.models import Json


@dataclass(frozen=True)
class Answered:
    """The answer to one command, and the seconds until it was complete."""

    status: int
    text: str
    seconds: float


def bodies(slack: Sandbox, user: str, channel: str, count: int) -> list[Json]:
    """The fields of so many commands, no two of them alike: one that is would be a replay.

    Each has a response URL of its own, for an answer that comes after the acknowledgement.
    """
    runtime = slack._runtime
    return [
        {
            "command": "/apikeys", "text": "list", "user_id": user, "team_id": slack.team_id,
            "trigger_id": f"{number}.1",
            "response_url": runtime.response_url(runtime.response_urls.issue(user, channel, None)),
            "api_app_id": f"A{time.monotonic_ns()}",
        }
        for number in range(count)
    ]  # fmt: skip


def send_by_socket(slack: Sandbox, sent: Sequence[Json]) -> list[Answered]:
    """Send all of them at once over the open socket. Raises TimeoutError after half a minute."""
    sockets = slack._sockets
    assert sockets._loop is not None
    started, answers = time.perf_counter(), []
    for body in sent:
        answer, envelope = Future[Ack](), str(uuid4())
        # When it came, which is not when it is looked at.
        answer.add_done_callback(lambda done: setattr(done, "at", time.perf_counter()))
        sockets._pending[envelope] = answer
        message = {"envelope_id": envelope, "type": "slash_commands", "payload": body}
        asyncio.run_coroutine_threadsafe(sockets._send(message), sockets._loop)
        answers.append(answer)
    return [
        Answered(
            200, json.dumps(result) if result else "", getattr(answer, "at", started) - started
        )
        for answer in answers
        for result in [answer.result(30)]
    ]


def send_by_http(slack: Sandbox, address: str, sent: Sequence[Json]) -> list[Answered]:
    """Send all of them at once as signed requests, each by a connection of its own.

    Args:
        address: host and port of the program.
    """
    host, _, port = address.rpartition(":")
    requests = [_signed(slack, urlencode(body).encode()) for body in sent]

    async def send(request: bytes) -> Answered:
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        seconds = time.perf_counter() - started
        return Answered(int(head.split(b" ", 2)[1]), body.decode(), seconds)

    async def send_each() -> list[Answered]:
        return await asyncio.gather(*map(send, requests))

    return asyncio.run(send_each())


def _signed(slack: Sandbox, body: bytes) -> bytes:
    stamp = str(int(time.time()))
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: app\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
        f"X-Slack-Signature: {signature_of(slack.signing_secret, stamp, body)}\r\n\r\n"
    )
    return head.encode() + body
