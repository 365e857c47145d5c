"""A bot with everything but Slack: payloads go through Bolt, answers are remembered."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from slack_bolt import App, BoltRequest

from bot.app import build
from bot.authorization.admins import Admins, SlackAdmins, Workspace
from bot.features import HOME_NOTICES, MEMBER_NOTICES
from bot.framework.context import Context
from bot.slack_api.client import SlackClient
from bot.slack_api.transport import Limits
from bot.ui import ids
from keys.search import search
from storage import reading
from tests.bot.harness.fake_slack import FakeCalls, FakeTime
from tests.keys.conftest import ALICE, open_test_application

MEMBER = {"deleted": False, "is_bot": False, "is_restricted": False, "is_ultra_restricted": False}
PEOPLE = {
    "U0ALICE": {**MEMBER, "id": "U0ALICE", "team_id": "T0ACME", "is_admin": True, "name": "alice"},
    "U0BOB": {**MEMBER, "id": "U0BOB", "team_id": "T0ACME", "is_admin": False, "name": "bob"},
    "U0GUEST": {**MEMBER, "id": "U0GUEST", "team_id": "T0ACME", "is_restricted": True},
    "U0FAR": {**MEMBER, "id": "U0FAR", "team_id": "T0OTHER", "is_admin": True},
}
READ = {"selected_options": [{"value": "read"}]}
DEADLINE = 10.0


class Work:
    """What is handed to an executor from now on, to be waited for."""

    def __init__(self, executor: Executor) -> None:
        self._lock = threading.Lock()
        self._unfinished: set[Future[Any]] = set()
        self._submit = executor.submit
        executor.submit = self._track  # type: ignore[method-assign]

    def _track(self, *work: Any, **named: Any) -> Future[Any]:
        future = self._submit(*work, **named)
        with self._lock:
            self._unfinished.add(future)
        return future

    def settle(self) -> None:
        """Wait until all of it has ended, with what it handed over in turn; raise what it raised.

        Raises:
            TimeoutError: if it has not ended in time.
        """
        end = time.monotonic() + DEADLINE
        while True:
            with self._lock:
                waited, self._unfinished = self._unfinished, set()
            if not waited:
                return
            for future in waited:
                future.result(max(end - time.monotonic(), 0.1))


class Bench:
    """One bot; `answers` is what went to response URLs."""

    def __init__(self, folder: Path) -> None:
        self.domain = open_test_application(folder)
        self.calls = FakeCalls(
            users__info=[lambda args: {"user": PEOPLE[args["user"]]}],
            users__list=[{"members": list(PEOPLE.values())}],
            conversations__open=[{"channel": {"id": "D1"}}],
            chat__postMessage=[lambda args: {"channel": args["channel"], "ts": "1.000001"}],
            chat__update=[{}],
            files__getUploadURLExternal=[
                {"upload_url": "https://files.slack.invalid/1", "file_id": "F1"}
            ],
            files__completeUploadExternal=[{"files": [{"id": "F1"}]}],
            views__open=[{"view": {"id": "V1"}}],
            views__push=[{"view": {"id": "V2"}}],
            views__update=[{"view": {"id": "V1"}}],
            views__publish=[{"view": {"id": "V2", "hash": "1.1"}}],
        )
        stopwatch = FakeTime()
        self.uploads: list[tuple[str, bytes]] = []
        slack = SlackClient(
            self.calls,
            Limits(),
            sleep=stopwatch.sleep,
            monotonic=stopwatch.monotonic,
            puts=self._put,
        )
        domain = self.domain
        self.answers: list[dict[str, Any]] = []
        self.nudges = 0
        workspace = Workspace("T0ACME")
        admins = Admins(slack.quick(), SlackAdmins(), workspace, domain.clock)
        self.context = Context(
            services=replace(domain.services, wake=self._count_nudge),
            slack=slack,
            admins=admins,
            channel="C1",
            token_minutes=15,
            api_url="http://127.0.0.1:8321",
            respond_to_url=lambda url, answer: self.answers.append(answer),
            home_notices=HOME_NOTICES,
            member_notices=MEMBER_NOTICES,
        )
        self.app = build(self.context, bot_token="xoxb-1", bot_id="B1", bot_user_id="U0BOT")

    @property
    def app(self) -> App:
        """The bot's app; another one can take its place."""
        return self._app

    @app.setter
    def app(self, app: App) -> None:
        self._app = app
        self._work = Work(app.listener_runner.listener_executor)

    def _put(self, address: str, content: bytes, timeout: float) -> int:
        assert timeout > 0
        self.uploads.append((address, content))
        return 200

    def _count_nudge(self) -> None:
        self.nudges += 1

    def sends(self, body: dict[str, Any]) -> dict[str, Any]:
        """Delivers a payload and waits until the listener ended; returns its acknowledgement."""
        answer = self.app.dispatch(BoltRequest(mode="socket_mode", body=body))
        assert answer.status == 200, answer.body
        self.settle()
        acknowledged = answer.body
        return json.loads(acknowledged) if acknowledged else {}

    def settle(self) -> None:
        """Wait until no listener is at work."""
        self._work.settle()

    def types(self, text: str, user: str = "U0ALICE") -> dict[str, Any]:
        """Types the command; returns what is seen at once."""
        return self.sends(
            {
                "command": "/apikeys",
                "text": text,
                "user_id": user,
                "team_id": PEOPLE[user]["team_id"],
                "trigger_id": "t1",
                "response_url": "https://slack.invalid/r",
            }
        )

    def offboards(
        self, leaver: str, user: str = "U0ALICE", *, start: str = ids.OFFBOARD_START
    ) -> dict[str, Any]:
        """Types the command and answers its question; returns what is seen then."""
        self.types(f"offboard <@{leaver}>", user)
        asked = buttons(self.answers[-1]["blocks"])
        if start in asked:
            self.presses({"action_id": start, "value": asked[start]["value"]}, user)
        return self.answers[-1]

    def presses(self, action: dict[str, Any], user: str = "U0ALICE") -> None:
        """Presses a button of a message."""
        self.sends(
            {
                "type": "block_actions",
                "user": {"id": user, "team_id": PEOPLE[user]["team_id"]},
                "team": {"id": "T0ACME"},
                "trigger_id": "t2",
                "response_url": "https://slack.invalid/r",
                "actions": [{"block_id": "b", **action}],
            }
        )

    def presses_in(self, view: dict[str, Any], action: dict[str, Any], user: str) -> None:
        """Presses a button of a modal."""
        self.sends(
            {
                "type": "block_actions",
                "user": {"id": user, "team_id": PEOPLE[user]["team_id"]},
                "team": {"id": "T0ACME"},
                "trigger_id": "t3",
                "view": {**view, "id": "V1", "state": {"values": {}}},
                "actions": [{"block_id": "b", **action}],
            }
        )

    def submits(self, view: dict[str, Any], user: str = "U0ALICE", **values: Any) -> dict[str, Any]:
        """Submits a modal; `values` are the elements' states by block."""
        state = {"values": {block: {"value": value} for block, value in values.items()}}
        return self.sends(
            {
                "type": "view_submission",
                "user": {"id": user, "team_id": PEOPLE[user]["team_id"]},
                "team": {"id": "T0ACME"},
                "view": {**view, "id": "V1", "state": state},
            }
        )

    def last(self, method: str) -> dict[str, Any]:
        """The arguments of the newest call of a method."""
        return next(args for name, args in reversed(self.calls.asked) if name == method)


def buttons(blocks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """All buttons and menus of a message, by action."""
    elements = [e for b in blocks for e in (*b.get("elements", ()), b.get("accessory", {}))]
    return {e["action_id"]: e for e in elements if "action_id" in e}


def active(bench: Bench) -> list[str]:
    """Return the names of the active keys."""
    with reading(bench.domain.engine, bench.domain.account) as session:
        return [key.name for key in search.page(session).keys]


def fill(bench: Bench, name: str, **more: Any) -> dict[str, Any]:
    """Open the modal for a new key, submit it with this name, and return the acknowledgement."""
    bench.types("new")
    view = bench.last("views.open")["view"]
    values: dict[str, Any] = {"name": {"value": name}, "scopes": READ} | more
    return bench.submits(view, **values)


__all__ = ["ALICE", "Bench", "active", "buttons", "fill"]
