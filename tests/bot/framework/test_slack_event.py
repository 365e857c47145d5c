"""Events are registered once, asked for their rule, and handled once."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from slack_bolt import BoltContext

from bot.framework.router import Router, events_of
from bot.framework.slack_event import SlackEvent, event_listener
from bot.server.replay_protection import Events
from keys.changes.authorization import Permission, admins, members, system

BODY = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "message", "text": "hello"}}


def delivered(allow: Permission, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that a handler with this rule gets of what is delivered."""
    handled: list[dict[str, Any]] = []

    def handle(report: SlackEvent) -> None:
        handled.append(report.event)

    listen = event_listener(handle, allow=allow, seen=Events())
    for body in bodies:
        listen(body, BoltContext())
    return handled


def test_what_comes_twice_is_handled_once() -> None:
    other = {**BODY, "event_id": "Ev2"}
    assert delivered(system, BODY, BODY, other) == [BODY["event"], BODY["event"]]


@pytest.mark.parametrize(("allow", "times"), [(system, 1), (admins, 1), (members, 0)])
def test_its_caller_is_the_system(
    allow: Permission, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(delivered(allow, BODY)) == times
    refused = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert len(refused) == 1 - times


def test_an_event_has_one_handler() -> None:
    router = Router()
    for _ in range(2):
        router.event("message", allow=system)(lambda report: None)
    with pytest.raises(ValueError, match="event message is registered twice"):
        list(events_of([router]))
