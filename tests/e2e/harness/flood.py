"""Many slash commands at the same moment, by signed HTTP, all sent by one thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.delivery.signed_http import signature_of
from sandbox.sandbox import Sandbox


@dataclass(frozen=True)
class Answered:
    """The answer to one command, and the seconds until it was complete."""

    status: int
    text: str
    seconds: float


def commands(slack: Sandbox, user: str, count: int) -> list[bytes]:
    """So many signed requests, no two of them alike."""
    return [_request(slack, user) for _ in range(count)]


def send_all(address: str, requests: Sequence[bytes]) -> list[Answered]:
    """Send all of them at once, each by a connection of its own.

    Args:
        address: host and port of the program.
    """
    host, _, port = address.rpartition(":")

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


def _request(slack: Sandbox, user: str) -> bytes:
    body = urlencode(
        {
            "command": "/apikeys", "text": "list", "user_id": user, "team_id": slack.team_id,
            "trigger_id": "1.1", "response_url": f"{slack.url}response/none",
            # No two requests are the same, or the later would be a replay.
            "api_app_id": f"A{time.monotonic_ns()}",
        }
    ).encode()  # fmt: skip
    stamp = str(int(time.time()))
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: app\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
        f"X-Slack-Signature: {signature_of(slack.signing_secret, stamp, body)}\r\n\r\n"
    )
    return head.encode() + body
