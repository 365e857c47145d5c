"""Stands where slack_sdk would be: answers from a script, and remembers what was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

Reply = dict[str, Any] | Exception | Callable[[dict[str, Any]], dict[str, Any]]


class FakeTime:
    """A stopwatch that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def full_member(args: dict[str, Any]) -> dict[str, Any]:
    """Slack's answer about whoever is asked for: a member of the workspace like any other."""
    no = dict.fromkeys(
        ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_admin"), False
    )
    return {"user": {"id": args["user"], "team_id": "T0ACME", "name": "somebody", **no}}


class FakeCalls:
    """Each method has replies, used up one after the other; the last one stays.

    A channel's name is refused and not remembered, unless the script has it.
    """

    def __init__(self, **replies: list[Reply]) -> None:
        self.replies = {name.replace("__", "."): list(items) for name, items in replies.items()}
        self.replies.setdefault("users.info", [full_member])
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.timeouts: list[float] = []

    def __call__(
        self, method: str, args: dict[str, Any], *, form: bool, timeout: float
    ) -> dict[str, Any]:
        if method == "conversations.info" and method not in self.replies:
            raise refusal("missing_scope")
        self.asked.append((method, args))
        self.timeouts.append(timeout)
        replies = self.replies[method]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(args) if callable(reply) else reply

    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]


def refusal(
    code: str, status: int = 200, headers: dict[str, str] | None = None, **body: Any
) -> SlackApiError:
    """The exception that slack_sdk raises for such an answer."""
    response = SlackResponse(
        client=WebClient(),
        http_verb="POST",
        api_url="https://slack.invalid/api/x",
        req_args={},
        data={"ok": False, "error": code, **body},
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("failed", response)  # type: ignore[no-untyped-call]  # as in slack_sdk
