"""The bot's health: whether its socket works, its rounds finish, and its database answers.

Sockets to Slack have stalled silently (slackapi/bolt-python#1529), so an open connection is not
enough: the other side must have answered a ping recently.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.socket_mode.builtin import SocketModeClient
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.server.metrics import CONTENT_TYPE, Metrics
from bot.server.slack_health import OK

logger = logging.getLogger("bot")

# The client pings every 5 s, and drops a connection after four unanswered pings.
SILENT_SECONDS = 30.0
# A round takes a second or two; one may wait for Slack for half a minute (bot.slack_api.backoff).
STUCK_SECONDS = 120.0
# Returns what is wrong, in a sentence; None if nothing is. May raise any error.
Check = Callable[[], str | None]


@dataclass(slots=True)
class Socket:
    """Monitor a Socket Mode connection.

    Attributes:
        now: seconds since 1970, as slack_sdk counts them.
    """

    client: SocketModeClient
    now: Callable[[], float] = time.time
    _started: float = field(init=False)
    _heard: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self._heard = self.now()
        self.client.message_listeners.append(self._hear)

    def _hear(self, _client: object, _message: Mapping[str, Any], _raw: object) -> None:
        self._heard = self.now()

    @property
    def connected(self) -> bool:
        """Whether it is open, as far as this side knows."""
        return self.client.is_connected()

    @property
    def envelope_age(self) -> float:
        """Seconds since the last message from Slack."""
        return self.now() - self._heard

    @property
    def silent_seconds(self) -> float:
        """Seconds since the last message or pong from Slack."""
        session = self.client.current_session
        ponged = getattr(session, "last_ping_pong_time", None) or self._started
        return self.now() - max(float(ponged), self._heard)

    def check(self) -> str | None:
        """See `Check`."""
        if not self.connected:
            return "The socket to Slack is not connected."
        if self.silent_seconds > SILENT_SECONDS:
            return f"The socket to Slack has been silent for {self.silent_seconds:.0f} s."
        return None


def pages(
    checks: Mapping[str, Check], metrics: Metrics, slack: Callable[[], Mapping[str, str]]
) -> Starlette:
    """Return the application that serves `/healthz`, `/readyz`, `/readyz/slack` and `/metrics`.

    `/healthz` answers while the program runs, `/readyz` runs the checks, and `/readyz/slack` says
    what is wrong between the bot and Slack, which is no reason to start the bot again.

    Args:
        checks: by name; they may block.
        slack: returns `ok` or what is wrong, by part (bot.server.slack_health); may block.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        found = {name: await run_in_threadpool(_look, check) for name, check in checks.items()}
        well = not any(found.values())
        results = {name: problem or "ok" for name, problem in found.items()}
        return JSONResponse(
            {"status": "ok" if well else "not ready", **results}, status_code=200 if well else 503
        )

    async def slack_readyz(_: Request) -> Response:
        parts = await run_in_threadpool(slack)
        well = all(state == OK for state in parts.values())
        return JSONResponse(
            {"status": "ok" if well else "not ready", **parts}, status_code=200 if well else 503
        )

    async def numbers(_: Request) -> Response:
        return Response(await run_in_threadpool(metrics.text), media_type=CONTENT_TYPE)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/readyz/slack", slack_readyz),
            Route("/metrics", numbers),
        ]
    )


def _look(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:
        # Its message may have an address or a password in it; the log redacts both.
        logger.exception("A health check failed")
        return f"failed ({type(error).__name__}); the log has more"
