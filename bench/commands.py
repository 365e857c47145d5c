"""The Slack side: slash commands at 50 a second, 200 at once, the start, and memory.

The whole program works for a practice Slack on the same machine, over signed HTTP, so that what is
measured is a request and its acknowledgement and nothing of Socket Mode's sharing of sockets. Each
command is `/apikeys list` of an admin: Slack is asked who they are, the database for the keys, and
the answer is in the acknowledgement. The practice Slack shares the machine's processors.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
from slack_sdk.signature import SignatureVerifier

from bench.report import Finding, Report
from bench.stock import PEPPER
from bot.authorization.admins import Admins, SlackAdmins, Workspace
from bot.background.worker import Worker
from bot.features import FEATURES
from bot.framework.context import Context
from bot.slack_api.client import SlackClient
from bot.slack_api.transport import Answer
from keys.base import accounts
from keys.changes.services import Services
from keys.credentials.peppers import read_peppers
from keys.operations import SUBSCRIBERS
from runtime.clock import SystemClock
from sandbox.sandbox import Sandbox
from storage import open_engine, seals, upgrade, writing
from tests.e2e.harness.program import (
    CHANNEL,
    MANIFEST,
    Program,
    eventually,
    free_port,
    http_settings,
)

_PER_SECOND, _SECONDS, _AT_ONCE = 50, 20, 200
_SLACK_WAITS = 3.0


def commands(report: Report) -> None:
    """All of it."""
    with Sandbox(MANIFEST) as slack, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        slack.add_person("alice", role="admin")
        slack.add_channel("api-keys", members=["alice"])
        slack.invite_app(CHANNEL)
        gateway = f"127.0.0.1:{free_port()}"
        settings = http_settings(slack) | {
            "APIKEYS_GATEWAY_LISTEN": gateway, "APIKEYS_LOG_LEVEL": "INFO",
        }  # fmt: skip
        # The first start also makes the database.
        starts = [_started(Path(folder), settings, gateway) for _ in range(4)][1:]
        report.add(
            Finding(
                "start to ready, bot and gateway", statistics.median(starts), "s", 2.0, least=False,
                detail={"longest": max(starts)},
            )
        )  # fmt: skip
        with Program(Path(folder) / "program", settings, cold=True) as program:
            app = f"http://{settings['APIKEYS_SLACK_LISTEN']}/slack/events"
            program.waits_until_it_says("receives Slack")
            eventually(lambda: _is_ready(gateway), "the gateway")
            _measure(report, slack, app, program)
            program.stop()


def _measure(report: Report, slack: Sandbox, app: str, program: Program) -> None:
    user = slack.person("alice")
    with httpx.Client(timeout=30, limits=httpx.Limits(max_connections=_AT_ONCE)) as client:

        def once(number: int) -> float:
            return _command(client, slack, user.id, app, number)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(once, range(20)))
            taken = _paced(pool, once)
            report.add(
                Finding(
                    f"acknowledgement at {_PER_SECOND} commands a second, p99",
                    _percentile(taken, 99) * 1000, "ms", 100.0, least=False,
                    detail={
                        "p50": _percentile(taken, 50) * 1000, "max": max(taken) * 1000,
                        "commands": len(taken),
                    },
                )
            )  # fmt: skip
            together = threading.Barrier(_AT_ONCE)

            def at_once(number: int) -> float:
                together.wait()
                return once(number)

            taken = list(pool.map(at_once, range(10_000, 10_000 + _AT_ONCE)))
    report.add(
        Finding(
            f"{_AT_ONCE} commands at once, the last acknowledgement", max(taken), "s",
            _SLACK_WAITS, least=False, detail={"p50": _percentile(taken, 50)},
        )
    )  # fmt: skip
    report.add(Finding("memory of the program afterwards", program.resident_bytes / 1e6, "MB"))


def rounds(report: Report, name: str, url: str, count: int = 200) -> None:
    """What looking at a workspace costs in which nothing is due; a bot does so for each in turn."""
    engine, clock = open_engine(url), SystemClock()
    upgrade(engine)
    peppers = read_peppers(PEPPER)
    seals.bind(engine, peppers)

    def services(account_id: str) -> Services:
        return Services(
            engine=engine,
            account_id=account_id,
            clock=clock,
            peppers=peppers,
            prefix="ak",
            subscribers=SUBSCRIBERS,
        )

    slack = SlackClient(_nobody_is_asked)
    try:
        with writing(engine) as session:
            made = [
                accounts.of_many(session, f"T{number:08}", "A team", clock.now())
                for number in range(count)
            ]
        admins = Admins(slack, SlackAdmins(), Workspace("T00000000"), clock)
        # What is done at the end of a round asks Slack about people, and does so once a day.
        features = [replace(feature, jobs=()) for feature in FEATURES]
        workers = [
            Worker(Context(services(id_), slack, admins, CHANNEL, 15, ""), features) for id_ in made
        ]
        for worker in workers:
            worker.run_once()
        started = time.perf_counter()
        for worker in workers:
            worker.run_once()
        each = (time.perf_counter() - started) / count * 1000
    finally:
        engine.dispose()
    report.add(Finding(f"a round of one workspace where nothing is due, {name}", each, "ms"))


def _nobody_is_asked(method: str, args: Answer, *, form: bool, timeout: float) -> Answer:  # noqa: ARG001  (Calls has them)
    raise AssertionError(f"{method} was called, and nothing was due")


def _paced(pool: ThreadPoolExecutor, once: Callable[[int], float]) -> list[float]:
    """One after the other by the clock, whether or not those before have ended."""
    started, sent = time.monotonic(), []
    for number in range(_PER_SECOND * _SECONDS):
        time.sleep(max(started + number / _PER_SECOND - time.monotonic(), 0))
        sent.append(pool.submit(once, 1_000 + number))
    return [each.result() for each in sent]


def _command(client: httpx.Client, slack: Sandbox, user: str, app: str, number: int) -> float:
    """Seconds until a command was acknowledged with its answer."""
    body = urlencode(
        {
            "command": "/apikeys", "text": "list", "user_id": user, "team_id": slack.team_id,
            "trigger_id": f"{number}.1", "response_url": f"{slack.url}response/none",
            # No two requests are the same, or the later would be a replay.
            "api_app_id": f"A{number}",
        }
    )  # fmt: skip
    stamp = str(int(time.time()))
    signature = SignatureVerifier(slack.signing_secret).generate_signature(
        timestamp=stamp, body=body
    )
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": str(signature),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    started = time.perf_counter()
    answer = client.post(app, content=body, headers=headers)
    taken = time.perf_counter() - started
    if answer.status_code != 200 or "blocks" not in answer.text:
        raise RuntimeError(f"a command was not answered: {answer.status_code} {answer.text[:200]}")
    return taken


def _started(folder: Path, settings: dict[str, str], gateway: str) -> float:
    """Seconds from the start of the program until both its parts answer."""
    bot = f"http://{settings['APIKEYS_SLACK_LISTEN']}/healthz"
    started = time.monotonic()
    with Program(folder / "program", settings, cold=True) as program:
        eventually(lambda: _is_ready(gateway) and _is_up(bot), "both parts")
        taken = time.monotonic() - started
        program.stop()
    return taken


def _is_ready(gateway: str) -> bool:
    return _is_up(f"http://{gateway}/readyz")


def _is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
