"""What is wrong with the bot stops the bot alone; what passes is waited for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack_api.errors import BadCredentials, MissingScope, SlackError, Unavailable
from cli.bootstrap import bot_part
from cli.bootstrap.bot_part import BotPart
from keys.base.errors import PepperError, StorageUnavailable
from runtime.errors import StorageReadOnly
from runtime.http_server import ListenError
from settings import SettingsError
from tests.waiting import waits_until

BAD = BadCredentials("Slack does not accept it.", method="auth.test", code="invalid_auth")
APPLICATION: Any = SimpleNamespace(check_writable=lambda: None)
SETTINGS: Any = SimpleNamespace(bot_listen="")
FAULTS = [
    BAD,
    MissingScope("chat:write", method="auth.test"),
    SettingsError("APIKEYS_ADMINS: wrong."),
    ListenError("APIKEYS_SLACK_LISTEN is taken."),
    PepperError("APIKEYS_SEAL_KEY is wrong."),
]


class FakeBot:
    """A bot that runs until it is stopped."""

    address = "is connected"

    def __init__(self) -> None:
        self.alive = True

    def stop(self) -> None:
        self.alive = False


class Starts:
    """Starts bots, after the errors that it was given."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tried = 0
        self.bots: list[FakeBot] = []
        self.on_fault: Callable[[SlackError], None] = lambda _: None

    def __call__(
        self, _app: object, _settings: object, on_fault: Callable[[SlackError], None], **_: object
    ) -> FakeBot:
        self.tried += 1
        self.on_fault = on_fault
        if self.errors:
            raise self.errors.pop(0)
        self.bots.append(FakeBot())
        return self.bots[-1]


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[BotPart, Starts]]]:
    monkeypatch.setattr(bot_part, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(bot_part, "_LOOK_SECONDS", 0.01)
    made: list[BotPart] = []

    def start(*errors: Exception, alone: bool = False) -> tuple[BotPart, Starts]:
        starts = Starts(*errors)
        monkeypatch.setattr(bot_part, "start_bot", starts)
        made.append(BotPart(APPLICATION, SETTINGS, alone=alone))
        made[-1].start()
        return made[-1], starts

    yield start
    for one in made:
        one.stop()


Start = Callable[..., tuple[BotPart, Starts]]


@pytest.mark.parametrize("error", FAULTS)
def test_a_fault_stops_it_alone_and_loudly(
    part: Start, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    bot, starts = part(error)
    waits_until(lambda: bot.problem == str(error))
    waits_until(lambda: bool(caplog.records))
    assert bot.alive
    assert bot.fault is None
    assert starts.tried == 1
    (line,) = caplog.records
    assert line.levelno == logging.ERROR
    assert str(error) in line.getMessage()


@pytest.mark.parametrize("error", FAULTS)
def test_alone_it_ends_with_its_fault(part: Start, error: Exception) -> None:
    bot, _ = part(error, alone=True)
    waits_until(lambda: not bot.alive)
    assert bot.fault is error


@pytest.mark.parametrize("alone", [True, False])
def test_what_passes_is_waited_for_with_one_line(
    part: Start, alone: bool, caplog: pytest.LogCaptureFixture
) -> None:
    away = Unavailable(method="auth.test", code="x", outcome_unknown=False)
    bot, starts = part(*[away] * 5, StorageUnavailable("gone"), alone=alone)
    waits_until(lambda: bool(starts.bots))
    waits_until(lambda: not bot.problem)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_a_token_that_ends_while_it_runs_stops_it(part: Start) -> None:
    bot, starts = part()
    waits_until(lambda: bool(starts.bots))
    starts.on_fault(BAD)
    waits_until(lambda: bot.problem == str(BAD))
    assert not starts.bots[0].alive
    assert bot.alive


def test_a_connection_that_ends_is_opened_again(part: Start) -> None:
    _, starts = part()
    waits_until(lambda: bool(starts.bots))
    starts.bots[0].alive = False
    waits_until(lambda: len(starts.bots) == 2)


def test_it_stops_in_the_middle_of_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(bot_part, "start_bot", lambda *_, **__: go_on.wait(10))
    bot = BotPart(
        APPLICATION,
        SETTINGS,
    )
    bot.start()
    bot.stop()
    go_on.set()


def test_a_database_that_accepts_no_writes_is_logged_once_and_when_it_does_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bot_part, "_PROBE_SECONDS", 0.0)
    answers: list[Exception | None] = [
        None, StorageReadOnly("read-only"), StorageReadOnly("read-only"), StorageUnavailable("x"),
        None, None,
    ]  # fmt: skip

    def check() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    probe = bot_part.Probe(check)
    while answers:
        probe.look()
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
